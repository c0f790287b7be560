using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.Detection;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>Models that several hold: the last lease frees them, and none before.</summary>
[TestClass]
public class ModelLeaseTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(50);

    [TestMethod]
    public void Dispose_SeveralLeases_TheLastOneFrees()
    {
        var model = new CountedModel();
        var first = new ModelLease<CountedModel>(model, "Holder", "Hold it longer.");
        ModelLease<CountedModel> second = first.Share(), third = second.Share();
        first.Dispose();
        first.Dispose();
        third.Dispose();
        Assert.AreEqual(0, model.Freed);
        Assert.AreSame(model, second.Model);
        foreach (Action use in new Action[] { () => _ = first.Model, () => first.Begin().Dispose(), () => first.Share() })
        {
            Assert.Contains("Hold it longer.", Assert.ThrowsExactly<ObjectDisposedException>(use).Message);
        }

        Assert.IsNull(first.TryShare());
        second.Dispose();
        Assert.AreEqual(1, model.Freed);
    }

    [TestMethod]
    public void Renew_LeaseThatEnded_LastsAsLongAsAnybodyHasOne()
    {
        var model = new CountedModel();
        var first = new ModelLease<CountedModel>(model, "Holder", "Hold it longer.");
        ModelLease<CountedModel> second = first.Share();
        first.Dispose();
        ModelLease<CountedModel> renewed = first.Renew();
        second.Dispose();
        Assert.AreSame(model, renewed.Model);
        Assert.AreEqual(0, model.Freed);
        renewed.Dispose();
        Assert.AreEqual(1, model.Freed);
        Assert.Contains("Hold it longer.", Assert.ThrowsExactly<ObjectDisposedException>(() => first.Renew()).Message);
    }

    [TestMethod]
    public void Dispose_UseUnderWay_WaitsForItsEnd()
    {
        var model = new CountedModel();
        var lease = new ModelLease<CountedModel>(model, "Holder");
        using var begun = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        Task<int> user = Task.Run(() =>
        {
            using ModelLease<CountedModel>.Use use = lease.Begin();
            begun.Set();
            goesOn.Wait(Long);
            return use.Model.Freed;
        });
        Assert.IsTrue(begun.Wait(Long));
        Task[] disposing = [Task.Run(lease.Dispose), Task.Run(lease.Dispose)];
        Assert.IsTrue(SpinWait.SpinUntil(() => lease.TryShare() is not { } open || Ended(open), Long), "No new lease begins.");
        Assert.IsFalse(disposing.Any(task => task.IsCompleted));
        goesOn.Set();
        Assert.IsTrue(Task.WaitAll(disposing, Long));
        Assert.AreEqual(0, user.Result, "It was not freed while it was used.");
        Assert.AreEqual(1, model.Freed);

        static bool Ended(ModelLease<CountedModel> lease)
        {
            lease.Dispose();
            return false;
        }
    }

    [TestMethod]
    public void Finalizer_LeaseThatNobodyEnded_LetsTheOthersFree()
    {
        var model = new CountedModel();
        var lease = new ModelLease<CountedModel>(model, "Holder");
        Forget(lease);
        Assert.IsTrue(SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return lease.LeaseCount == 1;
            }, Long));
        Assert.AreEqual(0, model.Freed);
        lease.Dispose();
        Assert.AreEqual(1, model.Freed);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(ModelLease<CountedModel> lease) => lease.Share();
    }

    [TestMethod]
    [DataRow(true), DataRow(false)]
    public void WithThreshold_OneOfBothDisposed_TheOtherEmbedsAndTheLastFrees(bool originalFirst)
    {
        using var people = new DrawnPeople(people: 1, picturesPerPerson: 2);
        IDataView photographs = people.Images(Ml);
        var network = new CountedNetwork();
        FaceEmbeddingTransformer original = Embedding(network);
        var copy = (FaceEmbeddingTransformer)original.WithThreshold(Thresholds.Of(0.4));
        (FaceEmbeddingTransformer first, FaceEmbeddingTransformer second) = originalFirst ? (original, copy) : (copy, original);
        first.Dispose();
        Assert.AreEqual(0, network.Freed);
        Assert.HasCount(2, second.Transform(photographs).GetColumn<float[]>("Embedding").ToArray());
        Assert.HasCount(1, second.GetClassCenters());
        Assert.ThrowsExactly<ObjectDisposedException>(() => first.Transform(photographs));
        Assert.ThrowsExactly<ObjectDisposedException>(() => first.WithThreshold(null));
        Assert.AreEqual(2, first.EmbeddingSize, "What is known of it stays.");
        second.Dispose();
        Assert.AreEqual(1, network.Freed);
    }

    [TestMethod]
    public void Dispose_ModelThatEmbedded_FreesEveryTensor()
    {
        using var people = new DrawnPeople(people: 1, picturesPerPerson: 2);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create())
        using (var copy = (FaceEmbeddingTransformer)embedding.WithThreshold(null))
        {
            _ = copy.Transform(people.Images(Ml)).GetColumn<float[]>("Embedding").Count();
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void RequireAlignedFaces_PipelineWithADetector_CopyDetectsAfterTheOriginalIsDisposed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("people/Ada/1.bmp", EncodedImages.Bmp(90, 60, SkiaSharp.SKColors.Teal));
        byte[] onnx = DetectorModels.Scrfd.OneFace().ToBytes();
        IDataView rows = Ml.FaceRecognition().LoadFromFolder(Path.Combine(folder.FullName, "people"));
        ITransformer model = Ml.Transforms.LoadFaceImages("Photograph", "ImagePath")
            .Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", folder.Write("detector.onnx", onnx)))
            .Append(Ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(rows).Append(FaceEmbeddingTransformerTests.Create());
        ITransformer copy = model.RequireAlignedFaces();
        float[] expected = model.Transform(rows).GetColumn<float[]>("Embedding").Single();
        ((IDisposable)model).Dispose();
        CollectionAssert.AreEqual(expected, copy.Transform(rows).GetColumn<float[]>("Embedding").Single());
        ((IDisposable)copy).Dispose();
        Assert.Throws<ObjectDisposedException>(() => copy.Transform(rows).GetColumn<float[]>("Scores").Single());
    }

    [TestMethod]
    public void Export_WhileDisposed_FinishesAWholeFileOrRefuses()
    {
        using var folder = new TemporaryFolder();
        string onnx = Path.Combine(folder.FullName, "faces.onnx"), safetensors = Path.Combine(folder.FullName, "faces.safetensors");
        FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        using var begun = new CountdownEvent(2);
        Task[] exports = [Exports(() => ModelExport.ToOnnx(embedding, onnx, new OnnxExportOptions())), Exports(() => ModelExport.ToSafetensors(embedding, safetensors, includeClassCentres: true))];
        Assert.IsTrue(begun.Wait(Long));
        embedding.Dispose();
        Assert.IsTrue(Task.WaitAll(exports, Long));
        foreach (string path in new[] { onnx, safetensors })
        {
            Assert.AreEqual(1, Directory.GetFiles(folder.FullName, Path.GetFileName(path) + "*").Length, "The last whole file stays, and no part of another.");
        }

        using var again = FaceEmbeddingTransformerTests.Create();
        ModelExport.ToOnnx(again, Path.Combine(folder.FullName, "expected.onnx"), new OnnxExportOptions());
        CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(folder.FullName, "expected.onnx")), File.ReadAllBytes(onnx));

        Task Exports(Action export) => Task.Factory.StartNew(
            () =>
            {
                for (int files = 0; ; files++)
                {
                    try
                    {
                        export();
                    }
                    catch (ObjectDisposedException)
                    {
                        return;
                    }

                    if (files == 0)
                    {
                        begun.Signal();
                    }
                }
            }, TaskCreationOptions.LongRunning);
    }

    private static FaceEmbeddingTransformer Embedding(CountedNetwork network)
    {
        var description = new NetworkDescription("mbf", "colors", [NetworkDescription.Batch, 2], [], [], "colors");
        var facts = new EmbeddingFacts(BackboneArchitecture.MobileFaceNet, EmbeddingSize: 2, PersonCount: 1, PersonNames: ["Ada"], Scale: 16, InferencePrecision.Float32, Training: null);
        var model = new FaceEmbeddingModel(description, new WeightStore(new Dictionary<string, WritableTensor>()), new ClassCenters(PlainTensor.Of([1, 2], new float[] { 3, 4 })), facts, new Lazy<IFaceNetwork>(network));
        return new FaceEmbeddingTransformer(Ml, model, new EmbeddingColumns("Image", "Embedding", null, null, null), addMirrorImage: false, batchSize: 4);
    }

    /// <summary>Embeds every face alike, and counts how often it is freed; a use after that fails.</summary>
    private sealed class CountedNetwork : IFaceNetwork
    {
        public int Freed { get; private set; }

        public float[] Embed(ReadOnlySpan<byte> faces, int count)
        {
            Assert.AreEqual(0, Freed, "It is freed.");
            float[] embeddings = new float[2 * count];
            Array.Fill(embeddings, 1);
            return embeddings;
        }

        public void Dispose() => Freed++;
    }

    private sealed class CountedModel : IDisposable
    {
        public int Freed { get; private set; }

        public void Dispose() => Freed++;
    }
}
