using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>The optimizer against torch's own and against the formulas in double precision.</summary>
[TestClass]
public class ParameterOptimizerTests
{
    private const double LearningRate = 0.05, Momentum = 0.9, WeightDecay = 0.02, HeadShare = 0.1;
    private const int Steps = 12;

    // A bias, a convolution, what fills no vector, a block and one more, and what several threads share.
    private static readonly long[][] Shapes = [[1], [7], [8, 3, 3, 3], [1025], [64, 1024], [0]];

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd, ScalarType.Float32, 2e-6)]
    [DataRow(TrainingOptimizer.AdamW, ScalarType.Float32, 2e-6)]
    [DataRow(TrainingOptimizer.Sgd, ScalarType.Float64, 1e-14)]
    [DataRow(TrainingOptimizer.AdamW, ScalarType.Float64, 1e-14)]
    public void Step_TwoGroups_IsTorchsOptimizer(TrainingOptimizer kind, ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Parameter[] ours = Parameters(type), torchs = Parameters(type);
        Parameter[] torchsBackbone = torchs[..3], torchsHead = torchs[3..];
        using var optimizer = new ParameterOptimizer(UpdateRule.Create(kind, Momentum, WeightDecay), Group(ours[..3], "backbone", 1), Group(ours[3..], "head", HeadShare));
        using optim.Optimizer twin = kind == TrainingOptimizer.Sgd
            ? optim.SGD([new SGD.ParamGroup(torchsBackbone, LearningRate, Momentum, weight_decay: WeightDecay), new SGD.ParamGroup(torchsHead, LearningRate * HeadShare, Momentum, weight_decay: WeightDecay)], LearningRate)
            : optim.AdamW([new AdamW.ParamGroup(torchsBackbone, LearningRate, weight_decay: WeightDecay), new AdamW.ParamGroup(torchsHead, LearningRate * HeadShare, weight_decay: WeightDecay)], LearningRate);

        for (int step = 0; step < Steps; step++)
        {
            // The learning rate falls from step to step, as it does in training.
            double rate = LearningRate / (1 + step);
            (twin.ParamGroups.First().LearningRate, twin.ParamGroups.Last().LearningRate) = (rate, rate * HeadShare);
            SetGradients(ours, step);
            SetGradients(torchs, step);
            optimizer.Step(rate);
            twin.step();
        }

        foreach ((Parameter own, Parameter other) in ours.Zip(torchs))
        {
            Assert.IsLessThan(tolerance, RelativeError(other, own), $"[{string.Join(", ", own.shape)}]");
        }
    }

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd)]
    [DataRow(TrainingOptimizer.AdamW)]
    public void Step_OneNumber_FollowsTheFormula(TrainingOptimizer kind)
    {
        using var scope = NewDisposeScope();
        Parameter weight = nn.Parameter(full(1, 0.7f));
        using var optimizer = new ParameterOptimizer(UpdateRule.Create(kind, Momentum, WeightDecay), Group([weight], "", 1));
        double expected = 0.7f, first = 0, second = 0;
        for (int step = 1; step <= Steps; step++)
        {
            double gradient = (float)Math.Sin(step);
            weight.grad = full(1, (float)gradient);
            optimizer.Step(LearningRate);
            if (kind == TrainingOptimizer.Sgd)
            {
                first = (Momentum * first) + gradient + (WeightDecay * expected);
                expected -= LearningRate * first;
            }
            else
            {
                first = (0.9 * first) + (0.1 * gradient);
                second = (0.999 * second) + (0.001 * gradient * gradient);
                double normalized = first / (1 - Math.Pow(0.9, step)) / (Math.Sqrt(second / (1 - Math.Pow(0.999, step))) + 1e-8);
                expected = (expected * (1 - (LearningRate * WeightDecay))) - (LearningRate * normalized);
            }

            Assert.AreEqual(expected, weight.data<float>()[0], 2e-6);
        }
    }

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd)]
    [DataRow(TrainingOptimizer.AdamW)]
    public void Step_OtherMemoryOrder_GivesTheSame(TrainingOptimizer kind)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor start = randn(16, 8, 3, 3), gradient = randn(16, 8, 3, 3);
        Tensor channelsLast = start.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        Assert.IsFalse(channelsLast.is_contiguous());
        Parameter[] parameters = [nn.Parameter(start.clone()), nn.Parameter(start.clone()), nn.Parameter(channelsLast)];
        using var optimizer = new ParameterOptimizer(UpdateRule.Create(kind, Momentum, WeightDecay), Group(parameters, "", 1));
        for (int step = 0; step < 3; step++)
        {
            parameters[0].grad = gradient;
            parameters[1].grad = gradient.transpose(0, 1).contiguous().transpose(0, 1);
            parameters[2].grad = gradient;
            optimizer.Step(LearningRate);
        }

        Assert.IsLessThan(1e-6, RelativeError(parameters[0], parameters[1]));
        Assert.IsLessThan(1e-6, RelativeError(parameters[0], parameters[2]));
    }

    [TestMethod]
    public void Step_NoGradient_LeavesParameterAndItsStateAlone()
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [nn.Parameter(ones(3)), nn.Parameter(ones(3))];
        using var optimizer = new ParameterOptimizer(new AdamWRule(WeightDecay), Group(parameters, "head", 1));
        parameters[0].grad = ones(3);
        optimizer.Step(LearningRate);
        Dictionary<string, Tensor> state = optimizer.State.ToDictionary(entry => entry.Name, entry => entry.Tensor);
        CollectionAssert.AreEquivalent(
            new[] { "head.0.exp_avg", "head.0.exp_avg_sq", "head.0.step", "head.1.exp_avg", "head.1.exp_avg_sq", "head.1.step" }, state.Keys);
        Assert.AreEqual(1, state["head.0.step"].data<long>()[0]);
        Assert.AreEqual(0, state["head.1.step"].data<long>()[0]);
        CollectionAssert.AreEqual(new float[] { 1, 1, 1 }, parameters[1].data<float>().ToArray());
        Assert.AreNotEqual(1, parameters[0].data<float>()[0]);
    }

    [TestMethod]
    public void State_CopiedToAnotherOptimizer_GoesOnBitForBit()
    {
        foreach (TrainingOptimizer kind in Enum.GetValues<TrainingOptimizer>())
        {
            using var scope = NewDisposeScope();
            Parameter[] whole = Parameters(ScalarType.Float32), second = Parameters(ScalarType.Float32);
            using var through = new ParameterOptimizer(UpdateRule.Create(kind, Momentum, WeightDecay), Group(whole, "", 1));
            Run(through, whole, 0, 3);
            using var resumed = new ParameterOptimizer(UpdateRule.Create(kind, Momentum, WeightDecay), Group(second, "", 1));
            using (no_grad())
            {
                foreach ((Tensor from, Tensor to) in through.State.Select(entry => entry.Tensor).Concat(whole).Zip(resumed.State.Select(entry => entry.Tensor).Concat(second)))
                {
                    to.copy_(from);
                }
            }

            Run(through, whole, 3, 6);
            Run(resumed, second, 3, 6);
            foreach ((Parameter one, Parameter other) in whole.Zip(second))
            {
                CollectionAssert.AreEqual(one.data<float>().ToArray(), other.data<float>().ToArray());
            }
        }

        static void Run(ParameterOptimizer optimizer, Parameter[] parameters, int from, int to)
        {
            for (int step = from; step < to; step++)
            {
                SetGradients(parameters, step);
                optimizer.Step(LearningRate);
            }
        }
    }

    [TestMethod]
    public void Step_ManyTimes_LeavesNoTensorBehind()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var linear = nn.Linear(5, 3))
        using (var optimizer = new ParameterOptimizer(new AdamWRule(WeightDecay), ParameterGroup.Of(linear, "linear")))
        {
            long inside = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (int step = 0; step < 3; step++)
            {
                using (var scope = NewDisposeScope())
                {
                    optimizer.ForgetGradients();
                    linear.forward(ones(2, 5)).sum().backward();
                }

                GradientClipping.ToNorm(linear.parameters(), 1);
                optimizer.Step(LearningRate);
                Assert.AreEqual(inside, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    [DataRow(ScalarType.Float32)]
    [DataRow(ScalarType.Float64)]
    public void ToNorm_LongAndShortGradients_IsTorchsClipping(ScalarType type)
    {
        using var scope = NewDisposeScope();
        foreach (double largest in new[] { 1e-3, 1, 1e6, double.PositiveInfinity })
        {
            Parameter[] ours = Parameters(type), torchs = Parameters(type);
            SetGradients(ours, 1);
            SetGradients(torchs, 1);
            GradientClipping.ToNorm(ours, largest);
            nn.utils.clip_grad_norm_(torchs, largest);
            foreach ((Parameter own, Parameter other) in ours.Zip(torchs))
            {
                Assert.IsLessThan(1e-6, RelativeError(other.grad!, own.grad!));
            }
        }
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void ToNorm_NotANumber_ReachesTheGradients(float broken)
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [nn.Parameter(ones(2)), nn.Parameter(ones(2))];
        (parameters[0].grad, parameters[1].grad) = (ones(2), full(2, broken));
        GradientClipping.ToNorm(parameters, 5);
        Assert.IsTrue(float.IsNaN(parameters[1].grad!.data<float>()[0]));
    }

    private static Parameter[] Parameters(ScalarType type)
    {
        manual_seed(5);
        return [.. Shapes.Select(shape => nn.Parameter(randn(shape).to(type)))];
    }

    private static void SetGradients(Parameter[] parameters, int step)
    {
        manual_seed(100 + step);
        foreach (Parameter parameter in parameters)
        {
            parameter.grad = randn(parameter.shape).to(parameter.dtype);
        }
    }

    private static ParameterGroup Group(Parameter[] parameters, string name, double share) =>
        new([.. parameters.Select((parameter, i) => ($"{name}.{i}", parameter))], share);

    private static double RelativeError(Tensor exact, Tensor actual) => exact.numel() == 0
        ? 0
        : ((actual.to(ScalarType.Float64) - exact.to(ScalarType.Float64)).norm() / exact.to(ScalarType.Float64).norm()).item<double>();
}
