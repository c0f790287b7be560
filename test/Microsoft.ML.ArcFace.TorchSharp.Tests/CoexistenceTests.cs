using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Tests.Coexistence;

/// <summary>Microsoft.ML.TorchSharp, compiled against TorchSharp 0.102.7, in one process with this library and its 0.107.</summary>
[TestClass]
public class CoexistenceTests
{
    private static readonly Assembly TheirAssembly = typeof(Microsoft.ML.TorchSharp.NasBert.TextClassificationTrainer).Assembly;

    private sealed class Face
    {
        [ImageType(112, 112)]
        public MLImage Image { get; set; } = null!;

        public string Label { get; set; } = "";
    }

    [TestMethod]
    public void Estimators_OfText_AreMadeBesideATrainedFaceModel()
    {
        var ml = new MLContext(seed: 1);
        IEstimator<ITransformer> classification = ml.MulticlassClassification.Trainers.TextClassification();
        IEstimator<ITransformer> similarity = ml.Regression.Trainers.SentenceSimilarity();
        Assert.AreEqual(TheirAssembly, classification.GetType().Assembly);
        Assert.AreEqual(TheirAssembly, similarity.GetType().Assembly);

        Face[] faces = [.. Enumerable.Range(0, 8).Select(i => new Face { Image = Noise(i), Label = $"{i / 2}" })];
        int steps = 0;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options
        {
            Epochs = 1, BatchSize = 4, EmbeddingSize = 16, Seed = 1, Progress = progress => steps = progress.Step,
        }).Fit(ml.Data.LoadFromEnumerable(faces));
        Assert.AreEqual(2, steps);
        float[][] embeddings = [.. model.Transform(ml.Data.LoadFromEnumerable(faces)).GetColumn<float[]>("Embedding")];
        Assert.HasCount(8, embeddings);
        Assert.IsTrue(embeddings.All(embedding => Math.Abs(embedding.Sum(value => value * value) - 1) < 1e-3));

        // One TorchSharp serves both.
        Assert.AreEqual(1, AppDomain.CurrentDomain.GetAssemblies().Count(assembly => assembly.GetName().Name == "TorchSharp"));
        Assert.AreEqual(new Version(0, 102), MajorAndMinor(TheirAssembly.GetReferencedAssemblies().Single(name => name.Name == "TorchSharp")));
        Assert.AreEqual(new Version(0, 107), MajorAndMinor(typeof(global::TorchSharp.torch).Assembly.GetName()));
    }

    [TestMethod]
    public void Methods_OfMicrosoftMLTorchSharp_BindButForObjectDetection()
    {
        var unbound = new List<string>();
        int bound = 0;
        foreach (MethodBase method in TheirAssembly.GetTypes().Where(type => !type.ContainsGenericParameters).SelectMany(MethodsOf))
        {
            try
            {
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
                bound++;
            }
            catch (Exception error) when (error is MissingMethodException or MissingFieldException or TypeLoadException)
            {
                unbound.Add($"{method.DeclaringType!.FullName}.{method.Name}: {error.Message}");
            }
        }

        Assert.IsGreaterThan(400, bound);
        string[] others = [.. unbound.Where(name => !name.Contains("AutoFormerV2", StringComparison.Ordinal) && !name.Contains("ObjectDetection", StringComparison.Ordinal))];
        Assert.IsEmpty(others, string.Join('\n', others));
        Console.WriteLine($"{bound} methods bind, {unbound.Count} do not:\n{string.Join('\n', unbound)}");
    }

    private static IEnumerable<MethodBase> MethodsOf(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return type.GetMethods(all).Cast<MethodBase>().Concat(type.GetConstructors(all))
            .Where(method => !method.IsAbstract && !method.ContainsGenericParameters && method.GetMethodBody() is not null);
    }

    private static Version MajorAndMinor(AssemblyName name) => new(name.Version!.Major, name.Version.Minor);

    private static MLImage Noise(int seed)
    {
        byte[] pixels = new byte[112 * 112 * 4];
        new Random(seed).NextBytes(pixels);
        return MLImage.CreateFromPixels(112, 112, MLPixelFormat.Bgra32, pixels);
    }
}
