using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Kernels;

[TestClass]
public class DepthwiseConvolutionTests
{
    private const double LargestRelativeError = 5e-6;

    [TestMethod]
    [DataRow(1, 8, 1, 1)]
    [DataRow(1, 8, 1, 2)]
    [DataRow(3, 8, 2, 1)]
    [DataRow(2, 16, 2, 2)]
    [DataRow(2, 24, 3, 4)]
    [DataRow(1, 64, 7, 7)]
    [DataRow(2, 40, 9, 12)]
    [DataRow(3, 128, 28, 28)]
    public void Apply_BothStridesAndGroupSizes_EqualsLibtorchInDoublePrecision(int batch, int channels, int height, int width)
    {
        foreach (int stride in new[] { 1, 2 })
        {
            foreach (int groupChannels in new[] { 1, 2 })
            {
                using DisposeScope scope = NewDisposeScope();
                manual_seed(batch + channels);
                Compare(ChannelsLast(randn(batch, channels, height, width)), randn(channels, groupChannels, 3, 3), stride);
            }
        }
    }

    [TestMethod]
    public void Apply_GradientInAnotherMemoryOrder_IsReadAsWhatItIs()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = ChannelsLast(randn(2, 8, 3, 4)).requires_grad_(), weight = randn(8, 1, 3, 3), outputGradient = randn(2, 8, 3, 4);
        DepthwiseConvolution.Apply(input, weight, stride: 1).backward([outputGradient]);
        Tensor other = input.detach().clone().requires_grad_();
        DepthwiseConvolution.Apply(other, weight, stride: 1).backward([ChannelsLast(outputGradient)]);
        Assert.IsTrue(input.grad!.Equals(other.grad!));
    }

    [TestMethod]
    public void Fits_WhatTheKernelsCannotRead_LeavesItToLibtorch()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = ChannelsLast(rand(2, 16, 4, 4)), weight = rand(16, 1, 3, 3);
        Assert.IsTrue(DepthwiseConvolution.Fits(input, weight, groups: 16));
        Assert.IsTrue(DepthwiseConvolution.Fits(input, rand(16, 2, 3, 3), groups: 8));

        Assert.IsFalse(DepthwiseConvolution.Fits(input.contiguous(), weight, groups: 16), "another memory order");
        Assert.IsFalse(DepthwiseConvolution.Fits(ChannelsLast(rand(2, 12, 4, 4)), rand(12, 1, 3, 3), groups: 12), "channels that fill no vector");
        Assert.IsFalse(DepthwiseConvolution.Fits(input.to(ScalarType.Float64), weight, groups: 16), "another type");
        Assert.IsFalse(DepthwiseConvolution.Fits(input, weight.to(ScalarType.Float64), groups: 16), "a weight of another type");
        Assert.IsFalse(DepthwiseConvolution.Fits(input, rand(16, 16, 3, 3), groups: 1), "one group of all");
        Assert.IsFalse(DepthwiseConvolution.Fits(input, rand(16, 4, 3, 3), groups: 4), "groups of four");
        Assert.IsFalse(DepthwiseConvolution.Fits(input, rand(32, 1, 3, 3), groups: 16), "two outputs a channel");
        Assert.IsFalse(DepthwiseConvolution.Fits(input, rand(16, 1, 5, 5), groups: 16), "another kernel");
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
            Tensor output = DepthwiseConvolution.Apply(input, weight, stride: 2);
            Assert.AreEqual(created + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            output.sum().backward();
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static void Compare(Tensor input, Tensor weight, int stride)
    {
        long groups = weight.shape[0] / weight.shape[1];
        Tensor exactInput = input.to(ScalarType.Float64).requires_grad_(), exactWeight = weight.to(ScalarType.Float64).requires_grad_();
        Tensor exact = nn.functional.conv2d(exactInput, exactWeight, strides: [stride, stride], padding: [1, 1], groups: groups);
        Tensor outputGradient = randn_like(exact);
        exact.backward([outputGradient]);

        input.requires_grad_();
        weight.requires_grad_();
        Assert.IsTrue(DepthwiseConvolution.Fits(input, weight, groups));
        Tensor output = DepthwiseConvolution.Apply(input, weight, stride);
        output.backward([outputGradient.to(ScalarType.Float32)]);

        string where = $"{string.Join('×', input.shape)}, stride {stride}, groups of {weight.shape[1]}: ";
        AssertClose(exact, output, where + "output");
        AssertClose(exactInput.grad!, input.grad!, where + "gradient of the input");
        AssertClose(exactWeight.grad!, weight.grad!, where + "gradient of the weight");
    }

    private static void AssertClose(Tensor exact, Tensor actual, string what)
    {
        CollectionAssert.AreEqual(exact.shape, actual.shape, what);
        Assert.IsLessThan(LargestRelativeError, ((actual.to(ScalarType.Float64) - exact).norm() / exact.norm()).item<double>(), what);
    }

    private static Tensor ChannelsLast(Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).detach();
}
