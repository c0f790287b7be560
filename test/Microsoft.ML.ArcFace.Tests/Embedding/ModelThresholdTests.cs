using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>The threshold in a model and in its files, and the fingerprint that ties both to the weights.</summary>
[TestClass]
public class ModelThresholdTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void Save_ModelWithThreshold_LoadsWithItAndItsFingerprint()
    {
        using var people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(people.Folder);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        var inner = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding);
        var model = Ml.Transforms.CopyColumns("Copy", "ImagePath").Fit(data).Append(inner);
        VerificationThreshold threshold = Thresholds.Of(0.4);

        ITransformer calibrated = model.WithThreshold(threshold);
        Assert.IsNull(model.FaceEmbedding().Threshold);
        string zip = Path.Combine(people.Folder, "faces.zip");
        Ml.Model.Save(calibrated, data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        using (loaded as IDisposable)
        {
            Assert.AreEqual(threshold, loaded.FaceEmbedding().Threshold);
            Assert.AreEqual(threshold.ForGallerySize(5_000), loaded.FaceEmbedding().Threshold!.ForGallerySize(5_000));
            Assert.AreEqual(embedding.Fingerprint, loaded.FaceEmbedding().Fingerprint);
            CollectionAssert.AreEqual(model.Transform(data).Schema.Select(column => column.Name).ToArray(), loaded.Transform(data).Schema.Select(column => column.Name).ToArray());
            Assert.IsNull(loaded.WithThreshold(null).FaceEmbedding().Threshold);
        }
    }

    [TestMethod]
    public void Fingerprint_Changes_WithTheWeightsAndTheMirrorImage()
    {
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        using FaceEmbeddingTransformer again = FaceEmbeddingTransformerTests.Create(batchSize: 3);
        using FaceEmbeddingTransformer mirrored = FaceEmbeddingTransformerTests.Create(addMirrorImage: true);
        using FaceEmbeddingTransformer changed = FaceEmbeddingTransformerTests.Create();
        StateTensor tensor = changed.Model.State.First().Tensor;
        float[] values = tensor.ToSingles();
        values[0] = 0.123f;
        ((WritableTensor)tensor).CopyFrom(PlainTensor.Of(tensor.Shape, values));

        StringAssert.Matches(embedding.Fingerprint, new("^[0-9a-f]{64}$"));
        Assert.AreEqual(embedding.Fingerprint, again.Fingerprint);
        Assert.AreNotEqual(embedding.Fingerprint, mirrored.Fingerprint);
        Assert.AreNotEqual(embedding.Fingerprint, changed.Fingerprint);
    }

    [TestMethod]
    public void Fingerprint_DisposedBeforeItWasAsked_IsKnownWhileACopyLasts()
    {
        FaceEmbeddingTransformer first = FaceEmbeddingTransformerTests.Create(), never = FaceEmbeddingTransformerTests.Create();
        var copy = (FaceEmbeddingTransformer)first.WithThreshold(Thresholds.Of(0.4));
        first.Dispose();
        string fingerprint = first.Fingerprint;
        copy.Dispose();
        Assert.AreEqual(fingerprint, copy.Fingerprint);
        never.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => never.Fingerprint);
    }

    [TestMethod]
    public void Fingerprint_Computed_LeavesNoTensorAlive()
    {
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _ = embedding.Fingerprint;
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void ExportToSafetensors_Threshold_ComesBackWithTheSameEmbeddingOnly()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "faces.safetensors");
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        VerificationThreshold threshold = Thresholds.Of(0.4);
        Ml.FaceRecognition().ExportToSafetensors(embedding.WithThreshold(threshold), path);
        IDataView noRows = Ml.Data.LoadFromEnumerable(Array.Empty<Face>());

        using FaceEmbeddingTransformer loaded = Load(path, addMirrorImage: false);
        Assert.AreEqual(threshold, loaded.Threshold);
        Assert.AreEqual(embedding.Fingerprint, loaded.Fingerprint);
        using FaceEmbeddingTransformer mirrored = Load(path, addMirrorImage: true);
        Assert.IsNull(mirrored.Threshold, "It was calibrated for embeddings without the mirror image.");

        // Another digit of a cosine: as long as before, but out of its range.
        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf("cosine\\\":0"u8);
        bytes[at + "cosine\\\":".Length] = (byte)'7';
        string altered = folder.Write("altered.safetensors", bytes);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => Load(altered, addMirrorImage: false)).Message, "altered.safetensors");

        FaceEmbeddingTransformer Load(string file, bool addMirrorImage) => Ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options
        {
            WeightsFile = file,
            Architecture = BackboneArchitecture.MobileFaceNet,
            AddMirrorImage = addMirrorImage,
        }).Fit(noRows);
    }

    private sealed class Face
    {
        [ImageType(112, 112)]
        public MLImage? Image { get; set; }
    }
}
