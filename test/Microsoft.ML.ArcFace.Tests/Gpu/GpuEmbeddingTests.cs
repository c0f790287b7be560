using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Benchmarks;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Tests.Gpu;

[TestClass]
[TestCategory("Gpu")]
[RequiresGpu]
public class GpuEmbeddingTests
{
    private static DrawnPeople s_people = null!;

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 4, picturesPerPerson: 5);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    [DataRow(BackboneArchitecture.MobileFaceNet, InferencePrecision.Float32, 0.99999)]
    [DataRow(BackboneArchitecture.MobileFaceNet, InferencePrecision.BFloat16, 0.999)]
    [DataRow(BackboneArchitecture.IResNet50, InferencePrecision.Float32, 0.99999)]
    [DataRow(BackboneArchitecture.IResNet50, InferencePrecision.BFloat16, 0.999)]
    public void Transform_OnGpu_GivesTheEmbeddingsOfTheProcessor(BackboneArchitecture backbone, InferencePrecision precision, double leastCosine)
    {
        using var exact = new ExactGpuArithmetic();
        using var folder = new TemporaryFolder();
        string weights = Path.Combine(folder.FullName, "weights.safetensors");
        RandomWeights.Write(backbone, weights);
        foreach (bool addMirrorImage in new[] { false, true })
        {
            float[][] expected = Embed(null, InferencePrecision.Float32), actual = Embed(0, precision);
            Assert.HasCount(20, actual);
            Assert.IsGreaterThan(leastCosine, expected.Zip(actual, (one, other) => (double)TensorPrimitives.CosineSimilarity(one, other)).Min());

            float[][] Embed(int? gpu, InferencePrecision arithmetic)
            {
                MLContext ml = GpuContext.Create(gpu);
                IDataView images = s_people.Images(ml);
                using FaceEmbeddingTransformer model = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options
                {
                    WeightsFile = weights, Architecture = backbone, InferencePrecision = arithmetic, AddMirrorImage = addMirrorImage, InferenceBatchSize = 8,
                }).Fit(images);
                return [.. model.Transform(images).GetColumn<float[]>("Embedding")];
            }
        }
    }

    [TestMethod]
    public void Upload_ManyInFlight_EachArrivesWhole()
    {
        // Enough work that the copies queue up behind it, and more bytes than fit one pinned block.
        using var scope = NewDisposeScope();
        Tensor busy = rand([4096, 4096], device: CUDA);
        for (int i = 0; i < 20; i++)
        {
            busy = busy.matmul(busy).sigmoid();
        }

        Tensor[] uploaded = [.. Enumerable.Range(0, 50).Select(Upload)];
        for (int i = 0; i < uploaded.Length; i++)
        {
            Assert.AreEqual(DeviceType.CUDA, uploaded[i].device_type);
            Assert.IsTrue(uploaded[i].cpu().eq(tensor((byte)i)).all().item<bool>(), $"Upload {i}");
        }

        static Tensor Upload(int number)
        {
            using Tensor host = full(1 << 20, (byte)number, dtype: ScalarType.Byte);
            return DeviceUpload.To(host, CUDA);
        }
    }

    [TestMethod]
    public void ToTensor_OnGpu_IsThatOfTheProcessor()
    {
        using var scope = NewDisposeScope();
        byte[] faces = new byte[3 * FaceTensor.ByteCount];
        new Random(1).NextBytes(faces);
        Tensor expected = FaceInput.ToMirroredTensor(faces, 3, CPU), actual = FaceInput.ToMirroredTensor(faces, 3, CUDA);
        Assert.AreEqual(DeviceType.CUDA, actual.device_type);
        CollectionAssert.AreEqual(expected.stride(), actual.stride());
        Assert.IsLessThan(1e-6, (expected - actual.cpu()).abs().max().item<float>());
    }
}
