using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.BFloat16;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>The fast form of a backbone, in registers of every width that the processor has, against its naive twin.</summary>
[TestClass]
public class InferenceNetworkTests
{
    private const double LargestRelativeError = 1e-5;

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18, 512, 5)]
    [DataRow(BackboneArchitecture.IResNet34, 70, 1)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 512, 5)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 2, 2)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge, 128, 3)]
    public void Embed_AnyBackboneAtEveryWidth_EqualsTheNaiveNetwork(BackboneArchitecture architecture, int embeddingSize, int faces)
    {
        using FaceBackbone backbone = Create(architecture, embeddingSize);
        AssertNearNaive(backbone, faces);
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    public void Embed_PlanarModulesOfLibtorch_EqualTheNaiveNetwork(BackboneArchitecture architecture)
    {
        using FaceBackbone backbone = Create(architecture, 64);
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        byte[] pixels = Faces(1);
        float[] modules = backbone.forward(FaceInput.ToTensor(pixels, 1, CPU).contiguous()).data<float>().ToArray();
        AssertNear(NaiveNetwork.Embed(backbone.Network, ModuleState.ReadableByName(backbone), pixels), modules, "libtorch");
    }

    [TestMethod]
    public void From_AnyProcessor_TakesTheWidestRegisters()
    {
        CollectionAssert.Contains(VectorWidths.Available.ToArray(), VectorWidth.Bits128);
        Assert.AreEqual(VectorWidths.Available.Max(), VectorWidths.Best);
        Assert.AreEqual(System.Runtime.Intrinsics.X86.Avx512F.IsSupported, VectorWidths.Available.Contains(VectorWidth.Bits512));
        Assert.AreEqual(System.Runtime.Intrinsics.X86.Fma.IsSupported && System.Runtime.Intrinsics.X86.Avx2.IsSupported, VectorWidths.Available.Contains(VectorWidth.Bits256));
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    public void Embed_OneFaceOrManyOnAnyThreads_GivesTheSameBits(BackboneArchitecture architecture)
    {
        using FaceBackbone backbone = Create(architecture, 64);
        using InferenceNetwork network = InferenceNetwork.From(backbone);
        byte[] pixels = Faces(7);
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            float[] expected = network.Embed(pixels, 7);
            set_num_threads(3);
            CollectionAssert.AreEqual(expected, network.Embed(pixels, 7));
            CollectionAssert.AreEqual(expected.AsSpan(6 * 64).ToArray(), network.Embed(pixels.AsSpan(6 * FaceTensor.ByteCount), 1));
            float[][] atOnce = new float[4][];
            Parallel.For(0, atOnce.Length, number => atOnce[number] = network.Embed(pixels, 7));
            foreach (float[] embeddings in atOnce)
            {
                CollectionAssert.AreEqual(expected, embeddings);
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18, 70, 5)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 512, 6)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge, 128, 1)]
    public void Embed_BFloat16_PointsWhereFloat32Does(BackboneArchitecture architecture, int embeddingSize, int faces)
    {
        using FaceBackbone backbone = Create(architecture, embeddingSize);
        using InferenceNetwork exact = InferenceNetwork.From(backbone);
        using InferenceNetwork rounded = InferenceNetwork.From(backbone, InferencePrecision.BFloat16);
        byte[] pixels = Faces(faces);
        float[] expected = exact.Embed(pixels, faces), actual = rounded.Embed(pixels, faces);
        for (int face = 0; face < faces; face++)
        {
            float cosine = TensorPrimitives.CosineSimilarity(expected.AsSpan(face * embeddingSize, embeddingSize), actual.AsSpan(face * embeddingSize, embeddingSize));
            TestContext.WriteLine($"cosine {cosine}");
            Assert.IsGreaterThan(0.999f, cosine);
        }

        if (Microsoft.ML.ArcFace.Runtime.TorchDevices.IsFastInBFloat16(CPU))
        {
            CollectionAssert.AreNotEqual(expected, actual, "It must be another arithmetic.");
        }
    }

    [TestMethod]
    [RequiresFaceData("lfw112/test")]
    public void Embed_BFloat16OfRealFaces_PointsWhereFloat32Does()
    {
        const int faces = 24, size = 128;
        byte[] pixels = new byte[faces * FaceTensor.ByteCount];
        string[] files = [.. Directory.EnumerateFiles(TestData.PathOf("lfw112/test"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(faces)];
        for (int face = 0; face < faces; face++)
        {
            using MLImage image = FaceImage.FromFile(files[face]);
            FaceTensor.FromImage(image, pixels.AsSpan(face * FaceTensor.ByteCount, FaceTensor.ByteCount));
        }

        using FaceBackbone backbone = Create(BackboneArchitecture.MobileFaceNet, size);
        using InferenceNetwork exact = InferenceNetwork.From(backbone);
        using InferenceNetwork rounded = InferenceNetwork.From(backbone, InferencePrecision.BFloat16);
        float[] expected = exact.Embed(pixels, faces), actual = rounded.Embed(pixels, faces);
        for (int face = 0; face < faces; face++)
        {
            Assert.IsGreaterThan(0.999f, TensorPrimitives.CosineSimilarity(expected.AsSpan(face * size, size), actual.AsSpan(face * size, size)));
        }
    }

    [TestMethod]
    public void Embed_BFloat16ManyTimes_KeepsNoTensorMore()
    {
        using FaceBackbone backbone = Create(BackboneArchitecture.MobileFaceNet, 64);
        using InferenceNetwork network = InferenceNetwork.From(backbone, InferencePrecision.BFloat16);
        byte[] pixels = Faces(2);
        network.Embed(pixels, 2);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++)
        {
            network.Embed(pixels, 2);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Embed_NormsBeforeAConvolutionThatMultiplyByNothing_AreFoldedWithTheirShift()
    {
        using FaceBackbone backbone = Create(BackboneArchitecture.IResNet18, 64);
        using (no_grad())
        {
            foreach ((string _, Parameter gamma) in backbone.named_parameters().Where(entry => entry.name.EndsWith(".bn1.weight", StringComparison.Ordinal)))
            {
                gamma[TensorIndex.Slice(0, 8)] = 0;
                gamma[TensorIndex.Slice(8, 16)] = 1e-20;
                gamma[TensorIndex.Slice(16, 24)] = -1e-6;
            }
        }

        AssertNearNaive(backbone, faces: 2);
    }

    [TestMethod]
    public void Fits_AnotherKindOfBackbone_IsLeftToLibtorch()
    {
        using var backbone = new CountingBackbone();
        Assert.IsFalse(InferenceNetwork.Fits(backbone, CPU));
    }

    /// <summary>A network whose norms do something.</summary>
    private static FaceBackbone Create(BackboneArchitecture architecture, int embeddingSize)
    {
        FaceBackbone backbone = FaceBackbone.Create(architecture, embeddingSize);
        backbone.eval();
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, Tensor tensor) in backbone.state_dict())
        {
            if (name.EndsWith("running_var", StringComparison.Ordinal))
            {
                tensor.uniform_(0.5, 1.5);
            }
            else if (tensor.dim() == 1 && tensor.is_floating_point())
            {
                tensor.add_(rand_like(tensor).sub(0.5).mul(0.4));
            }
        }

        return backbone;
    }

    private static byte[] Faces(int count)
    {
        byte[] pixels = new byte[count * FaceTensor.ByteCount];
        new Random(3).NextBytes(pixels);
        return pixels;
    }

    /// <summary>Compares in registers of all widths, which must agree to the bit among themselves: each sum has one order.</summary>
    private void AssertNearNaive(FaceBackbone backbone, int faces)
    {
        byte[] pixels = Faces(faces);
        IReadOnlyDictionary<string, StateTensor> weights = ModuleState.ReadableByName(backbone);
        int last = faces - 1;
        double[] firstFace = NaiveNetwork.Embed(backbone.Network, weights, pixels.AsSpan(0, FaceTensor.ByteCount));
        double[] lastFace = last == 0 ? firstFace : NaiveNetwork.Embed(backbone.Network, weights, pixels.AsSpan(last * FaceTensor.ByteCount, FaceTensor.ByteCount));
        float[]? widest = null;
        foreach (VectorWidth width in VectorWidths.Available)
        {
            using var network = new InferenceNetwork(backbone.Network, weights, width, () => 2);
            float[] actual = network.Embed(pixels, faces);
            AssertNear(firstFace, actual[..firstFace.Length], $"first face, registers of {(int)width} bits");
            AssertNear(lastFace, actual[^lastFace.Length..], $"last face, registers of {(int)width} bits");
            CollectionAssert.AreEqual(widest ??= actual, actual);
        }
    }

    private void AssertNear(double[] expected, float[] actual, string by)
    {
        Assert.HasCount(expected.Length, actual);
        double error = Math.Sqrt(expected.Zip(actual, (left, right) => Math.Pow(left - right, 2)).Sum() / expected.Sum(value => value * value));
        TestContext.WriteLine($"{by}: relative error {error:E2}");
        Assert.IsLessThan(LargestRelativeError, error, by);
    }
}
