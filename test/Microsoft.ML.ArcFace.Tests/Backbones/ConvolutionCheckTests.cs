using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

/// <summary>Holds convolutions of maps in channels-last order against those of the same maps in planar order.</summary>
[TestClass]
public class ConvolutionCheckTests
{
    /// <summary>The shapes of MobileFaceNet and IResNet: channels in and out, kernel, stride, padding, groups, side.</summary>
    public static readonly (int In, int Out, int Kernel, int Stride, int Padding, int Groups, int Side)[] Shapes =
    [
        (3, 128, 3, 2, 1, 1, 112), (128, 128, 3, 1, 1, 64, 56), (128, 128, 1, 1, 0, 1, 56), (128, 128, 3, 2, 1, 128, 56), (128, 128, 3, 1, 1, 128, 28), (128, 256, 1, 1, 0, 1, 28),
        (256, 256, 3, 2, 1, 256, 28), (256, 256, 1, 1, 0, 1, 14), (256, 256, 3, 1, 1, 256, 14), (256, 512, 1, 1, 0, 1, 14), (512, 512, 3, 2, 1, 512, 14), (512, 256, 1, 1, 0, 1, 7),
        (256, 512, 1, 1, 0, 1, 7), (512, 512, 7, 1, 0, 512, 7),
        (3, 64, 3, 1, 1, 1, 112), (64, 64, 3, 2, 1, 1, 112), (64, 64, 1, 2, 0, 1, 112), (64, 64, 3, 1, 1, 1, 56), (64, 128, 3, 1, 1, 1, 56), (128, 128, 3, 2, 1, 1, 56), (64, 128, 1, 2, 0, 1, 56),
        (128, 128, 3, 1, 1, 1, 28), (128, 256, 3, 1, 1, 1, 28), (256, 256, 3, 2, 1, 1, 28), (128, 256, 1, 2, 0, 1, 28), (256, 256, 3, 1, 1, 1, 14), (256, 512, 3, 1, 1, 1, 14),
        (512, 512, 3, 2, 1, 1, 14), (256, 512, 1, 2, 0, 1, 14), (512, 512, 3, 1, 1, 1, 7),
    ];

    [TestMethod]
    [DataRow(ScalarType.Float32, 1e-4)]
    [DataRow(ScalarType.BFloat16, 1e-2)]
    public void Forward_EveryShapeOfTheNetworksInBothMemoryOrders_IsTheSame(ScalarType type, double largest)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator(1);
        foreach (var shape in Shapes)
        {
            using var convolution = new Convolution([shape.Out, shape.In / shape.Groups, shape.Kernel, shape.Kernel], new ConvolutionWindow(shape.Kernel, shape.Kernel, shape.Stride, shape.Stride, shape.Padding, shape.Padding, shape.Padding, shape.Padding, 1, 1), shape.Groups);
            convolution.Weight.copy_(rand(convolution.Weight.shape, generator: generator) - 0.5f);
            convolution.eval();
            Tensor planar = (rand([2, shape.In, shape.Side, shape.Side], generator: generator) - 0.5f).to(type);
            Tensor expected = convolution.call(planar).to(ScalarType.Float32), actual = convolution.call(ChannelsLast(planar)).to(ScalarType.Float32);
            Assert.IsLessThan(largest, ((actual - expected).norm() / expected.norm()).item<float>(), $"{shape}");
        }
    }

    [TestMethod]
    [DataRow(8, 12)]
    [DataRow(3, 5)]
    [DataRow(12, 8)]
    public void Backward_NarrowMapsOverWhichOnePixelOfFourIsRead_AreThoseOfPlanarOrder(int channels, int results)
    {
        // Given to libtorch as it is, this ends the process: it writes beyond its memory on the way back.
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var convolution = new Convolution([results, channels, 1, 1], new ConvolutionWindow(1, 1, 2, 2, 0, 0, 0, 0, 1, 1), groups: 1, hasBias: true);
        nn.init.uniform_(convolution.Weight, -0.5, 0.5, generator);
        Tensor planar = rand([2, channels, 56, 56], generator: generator) - 0.5f;
        for (int pass = 0; pass < 8; pass++)
        {
            (Tensor expected, Tensor expectedMaps) = Gradients(planar);
            (Tensor actual, Tensor actualMaps) = Gradients(ChannelsLast(planar));
            Assert.IsLessThan(1e-5, ((actual - expected).norm() / expected.norm()).item<float>());
            Assert.IsLessThan(1e-5, ((actualMaps - expectedMaps).norm() / expectedMaps.norm()).item<float>());
        }

        (Tensor OfWeight, Tensor OfMaps) Gradients(Tensor maps)
        {
            convolution.Weight.grad = null;
            Tensor input = maps.detach().requires_grad_(true);
            convolution.call(input).square().sum().backward();
            return (convolution.Weight.grad!.clone(), input.grad!.clone());
        }
    }

    [TestMethod]
    public void IsSound_LibraryThatErrsInOneMemoryOrder_IsToldAndPlanarOrderGivesTheTruth()
    {
        using var scope = NewDisposeScope();
        Tensor planar = arange(2 * 4 * 3 * 3, dtype: ScalarType.Float32).reshape(2, 4, 3, 3), channelsLast = ChannelsLast(planar), weight = ones(4, 4, 1, 1);
        Assert.IsFalse(ConvolutionCheck.IsSound(channelsLast, weight, stride: 1, ErringInChannelsLast));
        Assert.IsTrue(ConvolutionCheck.IsSound(planar, weight, stride: 1, ErringInChannelsLast));
        Assert.IsTrue(ConvolutionCheck.IsSound(ChannelsLast(ones(3, 4, 3, 3)), weight, stride: 1, maps => maps * 2));

        // A convolution in groups is another one, though its maps are as large.
        Tensor more = ChannelsLast(arange(5 * 4 * 3 * 3, dtype: ScalarType.Float32).reshape(5, 4, 3, 3));
        Assert.IsTrue(ConvolutionCheck.IsSound(more, weight, stride: 1, maps => maps * 2));
        Assert.IsFalse(ConvolutionCheck.IsSound(more, ones(4, 1, 1, 1), stride: 1, ErringInChannelsLast));

        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Tensor right = ConvolutionCheck.InPlanarOrder(channelsLast, ErringInChannelsLast);
        Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.IsTrue(right.equal(planar * 2).all().item<bool>());
        CollectionAssert.AreEqual(channelsLast.stride(), right.stride());

        static Tensor ErringInChannelsLast(Tensor maps) => maps.is_contiguous() ? maps * 2 : maps * 1.9;
    }

    private static Tensor ChannelsLast(Tensor planar) => planar.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
