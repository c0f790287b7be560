using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.BFloat16;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>An untrained network does for all that is not about accuracy.</summary>
[TestClass]
public class FaceEmbeddingTransformerTests
{
    private static readonly EmbeddingColumns AllColumns = new("Image", "Embedding", "PredictedLabel", "Score", "Cosine");
    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 3, picturesPerPerson: 4);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class Upload
    {
        public byte[] ImagePath { get; set; } = [];
    }

    private sealed class Picture
    {
        [ImageType(112, 112)]
        public MLImage? Image { get; set; }
    }

    private sealed class Answer
    {
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    [DataRow(32)]
    public void Transform_AnyBatchSize_EmbedsEachRowAsItsOwn(int batchSize)
    {
        using FaceEmbeddingTransformer transformer = Create(batchSize: batchSize);
        using FaceEmbeddingTransformer single = Create(batchSize: 1);
        float[][] batched = Embeddings(transformer.Transform(Images()));
        float[][] alone = Embeddings(single.Transform(Images()));
        Assert.HasCount(12, batched);
        for (int row = 0; row < batched.Length; row++)
        {
            Assert.AreEqual(1, Dot(batched[row], alone[row]), 1e-5, $"row {row}");
        }
    }

    [TestMethod]
    public void Transform_OnlyPassedThroughColumnsRead_DecodesNothing()
    {
        using FaceEmbeddingTransformer transformer = Create();
        IDataView broken = Ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Fit(Rows("missing.jpg")).Transform(Rows("missing.jpg"));
        IDataView view = transformer.Transform(broken);
        Assert.AreEqual("missing.jpg", view.GetColumn<string>("ImagePath").Single());
        Assert.Throws<FaceImageException>(() => Embeddings(view));
    }

    [TestMethod]
    public void Transform_RowsSkipped_EmbedsTheRightRow()
    {
        using FaceEmbeddingTransformer transformer = Create(batchSize: 3);
        float[][] all = Embeddings(transformer.Transform(Images()));
        IDataView view = transformer.Transform(Images());
        DataViewSchema.Column column = view.Schema["Embedding"];
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> get = cursor.GetGetter<VBuffer<float>>(column);
        VBuffer<float> value = default;
        foreach (int wanted in new[] { 1, 7, 8, 11 })
        {
            while (cursor.Position < wanted)
            {
                Assert.IsTrue(cursor.MoveNext());
            }

            get(ref value);
            Assert.AreEqual(1, Dot(all[wanted], [.. value.DenseValues()]), 1e-5, $"row {wanted}");
        }
    }

    [TestMethod]
    public void Transform_AllColumns_PredictedLabelScoreAndCosineAgree()
    {
        using FaceEmbeddingTransformer transformer = Create();
        IDataView view = transformer.Transform(Images());
        float[][] cosines = [.. view.GetColumn<float[]>("Cosine")], scores = [.. view.GetColumn<float[]>("Score")];
        uint[] predicted = [.. view.GetColumn<uint>("PredictedLabel")];
        float[][] embeddings = Embeddings(view);
        float[] centres = transformer.Model.Centers.Trained.Values;
        for (int row = 0; row < predicted.Length; row++)
        {
            float[] expected = [.. centres.Chunk(transformer.EmbeddingSize).Select(centre => (float)(Dot(embeddings[row], centre) / Math.Sqrt(Dot(centre, centre))))];
            double[] exponentials = [.. expected.Select(cosine => Math.Exp(16 * cosine))];
            for (int person = 0; person < 3; person++)
            {
                Assert.AreEqual(expected[person], cosines[row][person], 1e-5);
                Assert.AreEqual(exponentials[person] / exponentials.Sum(), scores[row][person], 1e-5);
            }

            Assert.AreEqual((uint)Array.IndexOf(cosines[row], cosines[row].Max()) + 1, predicted[row]);
        }

        VBuffer<ReadOnlyMemory<char>> names = default;
        view.Schema["PredictedLabel"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(new[] { "Ada", "Bob", "Cleo" }, names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    public void Transform_AddMirrorImage_IsTheSumOfRawEmbeddings()
    {
        using FaceEmbeddingTransformer transformer = Create(addMirrorImage: true);
        byte[] face = new byte[Microsoft.ML.ArcFace.Data.FaceTensor.ByteCount];
        new Random(1).NextBytes(face);
        float[] actual = transformer.Model.Embed(face, 1, addMirrorImage: true).Unit;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        FaceBackbone backbone = transformer.Model.ToBackbone();
        Tensor raw = backbone.forward(FaceInput.ToTensor(face, 1, CPU))
            + backbone.forward(FaceInput.ToMirroredTensor(face, 1, CPU));
        float[] expected = nn.functional.normalize(raw, dim: 1).data<float>().ToArray();
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-5);
        }

        // And to the bit, of what computes them here.
        CollectionAssert.AreEqual(ExactSum(backbone, face), actual);
    }

    private static float[] ExactSum(FaceBackbone backbone, byte[] face)
    {
        byte[] mirrored = new byte[face.Length];
        Microsoft.ML.ArcFace.Data.FaceTensor.Mirror(face, mirrored);
        using InferenceNetwork network = InferenceNetwork.From(backbone);
        float[] sum = [.. network.Embed(face, 1).Zip(network.Embed(mirrored, 1), (one, other) => one + other)];
        float length = System.Numerics.Tensors.TensorPrimitives.Norm(sum);
        return Array.ConvertAll(sum, value => value / length);
    }

    [TestMethod]
    public void Transform_NullImage_GivesNaNAndNoPerson()
    {
        using FaceEmbeddingTransformer transformer = Create();
        IDataView rows = Rows(s_people.AnyPicture, "missing.jpg");
        IDataView images = Ml.Transforms.LoadFaceImages("Image", "ImagePath", unreadableImages: UnreadableImages.Skip).Fit(rows).Transform(rows);
        IDataView view = transformer.Transform(images);
        float[][] embeddings = Embeddings(view);
        Assert.AreEqual(1, Dot(embeddings[0], embeddings[0]), 1e-5);
        Assert.IsTrue(Array.TrueForAll(embeddings[1], float.IsNaN));
        Assert.AreEqual(0u, view.GetColumn<uint>("PredictedLabel").Last());
    }

    [TestMethod]
    public void Transform_PlanarPixels_EqualsTheImage()
    {
        using FaceEmbeddingTransformer transformer = Create();
        IDataView loaded = Images();
        IDataView images = Ml.Transforms.ResizeImages("Image", 112, 112).Fit(loaded).Transform(loaded);
        IDataView pixels = Ml.Transforms.ExtractPixels("Pixels", "Image").Fit(images).Transform(images);
        using FaceEmbeddingTransformer ofPixels = Create(columns: AllColumns with { Image = "Pixels" });
        float[][] expected = Embeddings(transformer.Transform(images)), actual = Embeddings(ofPixels.Transform(pixels));
        for (int row = 0; row < expected.Length; row++)
        {
            CollectionAssert.AreEqual(expected[row], actual[row]);
        }
    }

    [TestMethod]
    public void PredictionEngine_PathBytesAndImage_GiveTheSameEmbedding()
    {
        using FaceEmbeddingTransformer transformer = Create();
        IDataView byPath = Rows(s_people.AnyPicture);
        var fromPath = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(byPath).Append(transformer);
        IDataView byBytes = Ml.Data.LoadFromEnumerable([new Upload()]);
        var fromBytes = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(byBytes).Append(transformer);
        using var pathEngine = Ml.Model.CreatePredictionEngine<Photograph, Answer>(fromPath);
        using var bytesEngine = Ml.Model.CreatePredictionEngine<Upload, Answer>(fromBytes);
        using var imageEngine = Ml.Model.CreatePredictionEngine<Picture, Answer>(transformer);
        using MLImage image = MLImage.CreateFromFile(s_people.AnyPicture);

        float[] expected = pathEngine.Predict(new Photograph { ImagePath = s_people.AnyPicture }).Embedding;
        CollectionAssert.AreEqual(expected, bytesEngine.Predict(new Upload { ImagePath = File.ReadAllBytes(s_people.AnyPicture) }).Embedding);
        CollectionAssert.AreEqual(expected, imageEngine.Predict(new Picture { Image = image }).Embedding);
    }

    [TestMethod]
    public void PredictionEngine_SecondOfOneModel_SaysWhoDisposedOfIt()
    {
        using var folder = new TemporaryFolder();
        string zip = Path.Combine(folder.FullName, "faces.zip");
        IDataView rows = Rows(s_people.AnyPicture);
        TransformerChain<FaceEmbeddingTransformer> chain = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(Create());
        Ml.Model.Save(chain, rows.Schema, zip);
        var photograph = new Photograph { ImagePath = s_people.AnyPicture };
        foreach (ITransformer model in new[] { chain, Ml.Model.Load(zip, out _) })
        {
            foreach (int _ in new[] { 1, 2 })
            {
                using var shared = Ml.Model.CreatePredictionEngine<Photograph, Answer>(model, new PredictionEngineOptions { OwnsTransformer = false });
                Assert.HasCount(16, shared.Predict(photograph).Embedding);
            }

            PredictionEngine<Photograph, Answer> owner = Ml.Model.CreatePredictionEngine<Photograph, Answer>(model);
            owner.Dispose();
            Action[] uses =
            [
                () => Ml.Model.CreatePredictionEngine<Photograph, Answer>(model),
                () => owner.Predict(photograph),
                () => model.Transform(rows).GetColumn<float[]>("Embedding").ToArray(),
                () => model.FaceEmbedding().GetClassCenters(),
            ];
            foreach (Action use in uses)
            {
                Exception error = Assert.Throws<Exception>(use).GetBaseException();
                Assert.IsInstanceOfType<ObjectDisposedException>(error);
                StringAssert.Contains(error.Message, "PredictionEngine");
                StringAssert.Contains(error.Message, "OwnsTransformer = false");
                StringAssert.Contains(error.Message, nameof(FaceEmbeddingTransformer));
            }
        }
    }

    [TestMethod]
    public void Transform_ManyThreads_GiveTheSameEmbeddings()
    {
        using FaceEmbeddingTransformer transformer = Create();
        float[][] expected = Embeddings(transformer.Transform(Images()));
        Parallel.For(0, 4, _ =>
        {
            float[][] actual = Embeddings(transformer.Transform(Images()));
            for (int row = 0; row < expected.Length; row++)
            {
                Assert.AreEqual(1, Dot(expected[row], actual[row]), 1e-5);
            }
        });
    }

    [TestMethod]
    public void Cosines_ArrayAnywhereInMemory_AreBitEqual()
    {
        using FaceEmbeddingTransformer transformer = Create();
        float[] embeddings = [.. Embeddings(transformer.Transform(Images())).SelectMany(values => values)];
        float[] expected = transformer.Model.Centers.Cosines(embeddings);
        for (int i = 0; i < 100; i++)
        {
            // Moves the copy to another alignment.
            GC.KeepAlive(new byte[8 * (i % 9)]);
            CollectionAssert.AreEqual(expected, transformer.Model.Centers.Cosines([.. embeddings]));
        }
    }

    [TestMethod]
    public void Transform_ManyBatches_LeavesNoTensorAlive()
    {
        using FaceEmbeddingTransformer transformer = Create(batchSize: 2);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _ = Embeddings(transformer.Transform(Images()));
        _ = transformer.Transform(Images()).GetColumn<float[]>("Score").Count();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void GetOutputSchema_WrongColumn_SaysItInTheWordsOfMLNet()
    {
        using FaceEmbeddingTransformer transformer = Create();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => transformer.Transform(Rows("x.jpg"))).Message, "Could not find input column 'Image'");
        using FaceEmbeddingTransformer ofText = Create(columns: AllColumns with { Image = "ImagePath" });
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ofText.GetOutputSchema(Rows("x.jpg").Schema)).Message, "Schema mismatch for input column 'ImagePath': expected image");
    }

    internal static FaceEmbeddingTransformer Create(EmbeddingColumns? columns = null, int batchSize = 32, bool addMirrorImage = false, FaceTrainingSummary? training = null)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        var model = FaceEmbeddingModel.Of(backbone, randn(3, 16), ["Ada", "Bob", "Cleo"], training: training);
        return new FaceEmbeddingTransformer(Ml, model, columns ?? AllColumns, addMirrorImage, batchSize);
    }

    private static IDataView Images() => s_people.Images(Ml);

    private static IDataView Rows(params string[] paths) => Ml.Data.LoadFromEnumerable(paths.Select(path => new Photograph { ImagePath = path }).ToList());

    private static float[][] Embeddings(IDataView view) => [.. view.GetColumn<float[]>("Embedding")];

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
