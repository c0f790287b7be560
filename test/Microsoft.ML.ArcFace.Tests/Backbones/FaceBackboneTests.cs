using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

[TestClass]
public class FaceBackboneTests
{
    private const BackboneArchitecture Small = BackboneArchitecture.MobileFaceNet;

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18, 512)]
    [DataRow(BackboneArchitecture.IResNet18, 2)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 512)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 128)]
    public void Forward_EmbeddingSize_GivesThatManyComponents(BackboneArchitecture architecture, int embeddingSize)
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(architecture, embeddingSize);
        backbone.eval();

        CollectionAssert.AreEqual(new long[] { 3, embeddingSize }, backbone.call(rand(3, 3, 112, 112)).shape);
        Assert.AreEqual(embeddingSize, backbone.EmbeddingSize);
        Assert.AreEqual(architecture, backbone.Architecture);
    }

    [TestMethod]
    [DataRow(3, 2, 1, 28)]
    [DataRow(7, 1, 0, 7)]
    public void Forward_DepthwiseConvolutionInBFloat16_TrainsAsInFloat32(int kernel, int stride, int padding, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        using var convolution = new Convolution([16, 1, kernel, kernel], new ConvolutionWindow(kernel, kernel, stride, stride, padding, padding, padding, padding, 1, 1), groups: 16);
        nn.init.normal_(convolution.Weight);
        Tensor input = randn(2, 16, size, size).to(ScalarType.BFloat16);
        (Tensor exact, Tensor exactGradient) = Train(input.to(ScalarType.Float32));
        (Tensor output, Tensor gradient) = Train(input);

        Assert.AreEqual(ScalarType.BFloat16, output.dtype);
        Assert.IsTrue(output.Equals(exact.to(ScalarType.BFloat16)), "The sums are made in float32 and rounded once.");
        Assert.IsLessThan(1e-2, ((gradient - exactGradient).norm() / exactGradient.norm()).item<float>());

        (Tensor Output, Tensor Gradient) Train(Tensor faces)
        {
            convolution.Weight.grad = null;
            Tensor result = convolution.call(faces);
            result.to(ScalarType.Float32).square().sum().backward();
            return (result, convolution.Weight.grad!.clone());
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(0)]
    [DataRow(-512)]
    [DataRow(4097)]
    public void Create_EmbeddingSizeOutOfRange_NamesValueAndRange(int embeddingSize)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceBackbone.Create(Small, embeddingSize));
        StringAssert.Contains(error.Message, $"{embeddingSize}; it must be from 2 to 4096");
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(-0.1)]
    [DataRow(double.NaN)]
    [DataRow(double.PositiveInfinity)]
    public void Create_DropoutOutOfRange_NamesValueAndRange(double dropout)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceBackbone.Create(Small, dropout: dropout));
        StringAssert.Contains(error.Message, "at least 0 and below 1");
    }

    [TestMethod]
    public void Create_UnknownArchitecture_NamesIt()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceBackbone.Create((BackboneArchitecture)99));
        StringAssert.Contains(error.Message, "99");
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    public void Forward_Dropout_ChangesTrainingOnly(BackboneArchitecture architecture)
    {
        using DisposeScope scope = NewDisposeScope();
        using var noGradient = no_grad();
        using FaceBackbone backbone = FaceBackbone.Create(architecture, dropout: 0.5);
        Tensor faces = rand(4, 3, 112, 112);

        backbone.train();
        Assert.IsFalse(backbone.call(faces).Equals(backbone.call(faces)), "Two passes of training must drop different features.");
        backbone.eval();
        Assert.IsTrue(backbone.call(faces).Equals(backbone.call(faces)), "Evaluation must not drop features.");
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    public void Forward_Evaluation_LeavesNothingBehindButItsResult(BackboneArchitecture architecture)
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var noGradient = no_grad())
        using (FaceBackbone backbone = FaceBackbone.Create(architecture))
        using (Tensor faces = rand(2, 3, 112, 112))
        {
            backbone.eval();
            long created = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (Tensor embeddings = backbone.call(faces))
            {
                Assert.AreEqual(created + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Create_InsideAScope_OutlivesTheScope()
    {
        FaceBackbone backbone;
        using (DisposeScope scope = NewDisposeScope())
        {
            backbone = FaceBackbone.Create(Small);
        }

        using (backbone)
        {
            Assert.IsFalse(ModuleState.Of(backbone).Any(entry => entry.Tensor.IsInvalid));
        }
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    public void Forward_ManyThreadsAtOnce_GivesEveryOneItsOwnResult(BackboneArchitecture architecture)
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(architecture);
        backbone.eval();
        Tensor[] faces = [.. Enumerable.Range(0, 4).Select(_ => rand(1, 3, 112, 112))];
        Tensor[] alone = [.. faces.Select(Embed)];

        Tensor[] together = new Tensor[faces.Length];
        Thread[] threads = [.. faces.Select((face, i) => new Thread(() => together[i] = Embed(face)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        for (int i = 0; i < faces.Length; i++)
        {
            using Tensor result = together[i];
            Assert.IsTrue(result.allclose(alone[i], rtol: 1e-4, atol: 1e-5), $"Face {i}");
        }

        Tensor Embed(Tensor face)
        {
            using var noGradient = no_grad();
            return backbone.call(face);
        }
    }

    [TestMethod]
    public void Forward_BFloat16Input_TrainsFloat32WeightsAndGivesFloat32()
    {
        // The small network and one face: processors without bfloat16 arithmetic take seconds for each.
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(Small);
        backbone.eval();
        Tensor face = (rand(1, 3, 112, 112) * 2) - 1;

        Tensor exact = backbone.call(face);
        Tensor rounded = backbone.call(face.to(ScalarType.BFloat16));
        Assert.AreEqual(ScalarType.Float32, rounded.dtype);
        Assert.IsGreaterThan(0.99, nn.functional.cosine_similarity(exact, rounded, dim: 1).item<float>());

        rounded.square().mean().backward();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in backbone.named_parameters())
        {
            Assert.AreEqual(ScalarType.Float32, parameter.dtype, name);
            Assert.AreEqual(ScalarType.Float32, parameter.grad!.dtype, name);
        }
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    public void To_Float64_MovesTheWholeNetwork(BackboneArchitecture architecture)
    {
        using DisposeScope scope = NewDisposeScope();
        using var noGradient = no_grad();
        using FaceBackbone backbone = FaceBackbone.Create(architecture);
        backbone.eval();
        Tensor faces = rand(2, 3, 112, 112);
        Tensor single = backbone.call(faces);

        backbone.to(ScalarType.Float64);

        Tensor twice = backbone.call(faces.to(ScalarType.Float64));
        Assert.AreEqual(ScalarType.Float64, twice.dtype);
        double relativeError = ((twice - single).norm() / twice.norm()).item<double>();
        Assert.IsLessThan(1e-4, relativeError);
        if (architecture == BackboneArchitecture.IResNet18)
        {
            Assert.IsFalse(backbone.get_parameter("features.weight")!.requires_grad);
        }
    }
}
