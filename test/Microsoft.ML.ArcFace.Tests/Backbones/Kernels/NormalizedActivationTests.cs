using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Kernels;

[TestClass]
public class NormalizedActivationTests
{
    private const double LargestRelativeError = 2e-5;

    // Half a unit in the last of its 8 digits is 2e-3; the gradient of the input is a difference of three such numbers.
    private const double LargestRelativeErrorInBFloat16 = 6e-3;

    [TestMethod]
    [DataRow(2, 8, 3, 5)]
    [DataRow(2, 16, 1, 3)]
    [DataRow(1, 64, 7, 7)]
    [DataRow(5, 72, 9, 11)]
    [DataRow(4, 128, 28, 28)]
    public void Apply_AnyShape_EqualsLibtorchInDoublePrecision(int batch, int channels, int height, int width)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(batch + channels);
        Tensor input = (randn(batch, channels, height, width) * 3) + randn(channels, 1, 1);
        Tensor outputGradient = randn_like(input);

        // Rounded, so that all three types start from the same numbers.
        (input, outputGradient) = (Rounded(input), Rounded(outputGradient));
        Tensor weight = randn(channels), bias = randn(channels), slope = rand(channels);
        Dictionary<string, Tensor> exact = Run(ScalarType.Float64), fused = Run(ScalarType.Float32), half = Run(ScalarType.BFloat16);
        foreach ((string name, Tensor expected) in exact)
        {
            Assert.IsLessThan(LargestRelativeError, RelativeError(expected, fused[name]), name);
            bool isMap = name is "output" or "gradient of the input";
            Assert.AreEqual(isMap ? ScalarType.BFloat16 : fused[name].dtype, half[name].dtype, name);
            Assert.IsLessThan(isMap ? LargestRelativeErrorInBFloat16 : LargestRelativeError, RelativeError(expected, half[name]), name);
        }

        Dictionary<string, Tensor> Run(ScalarType type)
        {
            ScalarType ofParameters = type == ScalarType.Float64 ? type : ScalarType.Float32;
            using BatchNorm2d norm = nn.BatchNorm2d(channels, dtype: ofParameters);
            using var activation = new ParametricRelu(channels);
            activation.to(ofParameters);
            using (no_grad())
            {
                norm.weight.copy_(weight);
                norm.bias!.copy_(bias);
                activation.Weight.copy_(slope);
            }

            Tensor x = ChannelsLast(input.to(type)).requires_grad_();
            Assert.AreEqual(type != ScalarType.Float64, NormalizedActivation.Fits(x, norm, activation.Weight));
            Tensor output = NormalizedActivation.Call(x, norm, activation);
            output.backward([outputGradient.to(type)]);
            return new()
            {
                ["output"] = output,
                ["gradient of the input"] = x.grad!,
                ["gradient of gamma"] = norm.weight.grad!,
                ["gradient of beta"] = norm.bias!.grad!,
                ["gradient of the slope"] = activation.Weight.grad!,
                ["running mean"] = norm.running_mean!.clone(),
                ["running variance"] = norm.running_var!.clone(),
                ["batches"] = norm.num_batches_tracked!.clone(),
            };
        }
    }

    [TestMethod]
    public void Apply_MeanFarFromZero_KeepsTheDigitsOfTheVariance()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        Tensor deviations = randn(4, 16, 8, 8);
        using BatchNorm2d norm = nn.BatchNorm2d(16);
        using Tensor output = NormalizedActivation.Apply(ChannelsLast(deviations + 1000), norm, ones(16));

        // The input itself is rounded to 1e-4 of a deviation.
        Tensor exact = nn.functional.batch_norm((deviations + 1000).to(ScalarType.Float64), null, null, training: true);
        Assert.IsLessThan(1e-4, RelativeError(exact, output));
        Tensor variance = (deviations + 1000).to(ScalarType.Float64).var([0, 2, 3], unbiased: true);
        Assert.IsLessThan(1e-6, RelativeError((variance * 0.1) + 0.9, norm.running_var!));
    }

    [TestMethod]
    public void Apply_ConstantChannels_GivesTheBiasAndNoGradient()
    {
        using DisposeScope scope = NewDisposeScope();
        using BatchNorm2d norm = nn.BatchNorm2d(8);
        Tensor input = ChannelsLast(full(2, 8, 4, 4, 0.7f)).requires_grad_();
        Tensor output = NormalizedActivation.Apply(input, norm, ones(16));
        output.sum().backward();
        Assert.AreEqual(0, output.abs().max().item<float>(), 1e-4);
        Assert.AreEqual(0, input.grad!.abs().max().item<float>(), 1e-4);
    }

    [TestMethod]
    public void Fits_WhatTheKernelsCannotRead_LeavesItToLibtorch()
    {
        using DisposeScope scope = NewDisposeScope();
        using BatchNorm2d norm = nn.BatchNorm2d(16);
        using BatchNorm2d odd = nn.BatchNorm2d(12);
        Tensor input = ChannelsLast(rand(2, 16, 4, 4));
        Assert.IsTrue(NormalizedActivation.Fits(input, norm, ones(16)));

        Assert.IsFalse(NormalizedActivation.Fits(input.contiguous(), norm, ones(16)), "another memory order");
        Assert.IsFalse(NormalizedActivation.Fits(ChannelsLast(rand(2, 12, 4, 4)), odd, ones(12)), "channels that fill no vector");
        Assert.IsFalse(NormalizedActivation.Fits(input.to(ScalarType.Float64), norm, ones(16)), "another type");
        Assert.IsFalse(NormalizedActivation.Fits(input.to(ScalarType.Float16), norm, ones(16)), "another type");
        Assert.IsFalse(NormalizedActivation.Fits(ChannelsLast(rand(1, 16, 1, 1)), norm, ones(16)), "a single pixel has no variance");
        Assert.IsFalse(NormalizedActivation.Fits(ChannelsLast(rand(0, 16, 4, 4)), norm, ones(16)), "nothing at all");
        Assert.IsFalse(NormalizedActivation.Fits(input, norm, ones(1)), "one slope for all channels");
        norm.eval();
        Assert.IsFalse(NormalizedActivation.Fits(input, norm, ones(16)), "evaluation");
    }

    [TestMethod]
    public void Apply_ForwardAndBackward_LeavesNothingBehindButItsResults()
    {
        using BatchNorm2d norm = nn.BatchNorm2d(16);
        using Tensor slope = full(16, 0.25f).requires_grad_();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int step = 0; step < 3; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor input = ChannelsLast(rand(2, 16, 4, 4)).requires_grad_();
            long created = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Tensor output = NormalizedActivation.Apply(input, norm, slope);
            Assert.AreEqual(created + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            output.sum().backward();
            Assert.IsFalse(input.IsInvalid);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Backward_Twice_AddsTheSameGradientAgain()
    {
        using DisposeScope scope = NewDisposeScope();
        using BatchNorm2d norm = nn.BatchNorm2d(8);
        Tensor input = ChannelsLast(rand(2, 8, 4, 4)).requires_grad_();
        Tensor loss = NormalizedActivation.Apply(input, norm, ones(8)).square().sum();
        loss.backward(retain_graph: true);
        Tensor once = norm.bias!.grad!.clone();
        loss.backward();
        Assert.IsTrue(norm.bias.grad!.allclose(once * 2));
    }

    private static Tensor Rounded(Tensor tensor) => tensor.to(ScalarType.BFloat16).to(ScalarType.Float32);

    private static Tensor ChannelsLast(Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).detach();

    private static double RelativeError(Tensor exact, Tensor actual) =>
        ((actual.to(ScalarType.Float64) - exact).norm() / exact.to(ScalarType.Float64).norm()).item<double>();
}
