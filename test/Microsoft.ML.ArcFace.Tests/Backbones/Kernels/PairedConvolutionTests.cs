using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Kernels;

[TestClass]
public class PairedConvolutionTests
{
    private const double LargestRelativeError = 5e-6;

    // Half a unit in the last of its 8 digits is 2e-3.
    private const double LargestRelativeErrorInBFloat16 = 4e-3;

    [TestMethod]
    [DataRow(1, 8, 1, 1)]
    [DataRow(1, 8, 1, 2)]
    [DataRow(3, 8, 2, 1)]
    [DataRow(2, 16, 2, 2)]
    [DataRow(2, 24, 3, 4)]
    [DataRow(1, 64, 7, 7)]
    [DataRow(2, 40, 9, 12)]
    [DataRow(3, 128, 28, 28)]
    public void Apply_AnyShape_EqualsLibtorchInDoublePrecision(int batch, int channels, int height, int width)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(batch + channels);
        Tensor input = Rounded(randn(batch, channels, height, width)), weight = randn(channels, 2, 3, 3), outputGradient = Rounded(randn_like(input));
        Tensor exactInput = input.to(ScalarType.Float64).requires_grad_(), exactWeight = weight.to(ScalarType.Float64).requires_grad_();
        Tensor exact = nn.functional.conv2d(exactInput, exactWeight, padding: [1, 1], groups: channels / 2);
        exact.backward([outputGradient.to(ScalarType.Float64)]);

        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            Tensor ownInput = ChannelsLast(input.to(type)).requires_grad_(), ownWeight = weight.clone().requires_grad_();
            Assert.IsTrue(PairedConvolution.Fits(ownInput, ownWeight, channels / 2));
            Tensor output = PairedConvolution.Apply(ownInput, ownWeight);
            output.backward([outputGradient.to(type)]);
            Assert.AreEqual(type, output.dtype);
            double largestError = type == ScalarType.Float32 ? LargestRelativeError : LargestRelativeErrorInBFloat16;
            AssertClose(exact, output, largestError, "output");
            AssertClose(exactInput.grad!, ownInput.grad!, largestError, "gradient of the input");
            AssertClose(exactWeight.grad!, ownWeight.grad!, LargestRelativeError, "gradient of the weight");
        }
    }

    [TestMethod]
    public void Apply_GradientInAnotherMemoryOrder_IsReadAsWhatItIs()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = ChannelsLast(randn(2, 8, 3, 4)).requires_grad_(), weight = randn(8, 2, 3, 3), outputGradient = randn(2, 8, 3, 4);
        PairedConvolution.Apply(input, weight).backward([outputGradient]);
        Tensor other = input.detach().clone().requires_grad_();
        PairedConvolution.Apply(other, weight).backward([ChannelsLast(outputGradient)]);
        Assert.IsTrue(input.grad!.Equals(other.grad!));
    }

    [TestMethod]
    public void Fits_WhatTheKernelsCannotRead_LeavesItToLibtorch()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = ChannelsLast(rand(2, 16, 4, 4)), weight = rand(16, 2, 3, 3);
        Assert.IsTrue(PairedConvolution.Fits(input, weight, groups: 8));

        Assert.IsFalse(PairedConvolution.Fits(input.contiguous(), weight, groups: 8), "another memory order");
        Assert.IsFalse(PairedConvolution.Fits(ChannelsLast(rand(2, 12, 4, 4)), rand(12, 2, 3, 3), groups: 6), "channels that fill no vector");
        Assert.IsFalse(PairedConvolution.Fits(input.to(ScalarType.Float64), weight, groups: 8), "another type");
        Assert.IsFalse(PairedConvolution.Fits(input, weight.to(ScalarType.Float64), groups: 8), "a weight of another type");
        Assert.IsFalse(PairedConvolution.Fits(input, rand(16, 16, 3, 3), groups: 1), "one group of all");
        Assert.IsFalse(PairedConvolution.Fits(input, rand(16, 4, 3, 3), groups: 4), "groups of four");
        Assert.IsFalse(PairedConvolution.Fits(input, rand(16, 1, 3, 3), groups: 16), "groups of one");
        Assert.IsFalse(PairedConvolution.Fits(input, rand(32, 2, 3, 3), groups: 8), "two outputs a channel");
        Assert.IsFalse(PairedConvolution.Fits(input, rand(16, 2, 5, 5), groups: 8), "another kernel");
    }

    [TestMethod]
    public void Apply_ForwardAndBackward_LeavesNothingBehindButItsResults()
    {
        using Tensor weight = rand(16, 2, 3, 3).requires_grad_();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int step = 0; step < 3; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor input = ChannelsLast(rand(2, 16, 4, 4)).requires_grad_();
            long created = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Tensor output = PairedConvolution.Apply(input, weight);
            Assert.AreEqual(created + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            output.sum().backward();
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static void AssertClose(Tensor exact, Tensor actual, double largestError, string what)
    {
        CollectionAssert.AreEqual(exact.shape, actual.shape, what);
        Assert.IsLessThan(largestError, ((actual.to(ScalarType.Float64) - exact).norm() / exact.norm()).item<double>(), what);
    }

    private static Tensor Rounded(Tensor tensor) => tensor.to(ScalarType.BFloat16).to(ScalarType.Float32);

    private static Tensor ChannelsLast(Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).detach();
}
