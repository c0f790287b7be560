using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>
/// Training under a garbage collector that never rests: numbers that nothing keeps alive would be freed while libtorch
/// reads them.
/// </summary>
[TestClass]
public class CollectedNumbersTests
{
    private const int Steps = 250, Size = 6, Classes = 4;

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd)]
    [DataRow(TrainingOptimizer.AdamW)]
    public void Step_CollectorAlwaysAtWork_GivesTheSameBits(TrainingOptimizer kind)
    {
        float[] expected = Train(kind);
        Assert.IsTrue(expected.All(float.IsFinite));
        CollectionAssert.AreEqual(expected, UnderCollection(() => Train(kind)));
    }

    /// <summary>Small steps of all that a training step is made of: BatchNorm, loss, clipping, optimizer, averaging.</summary>
    private static float[] Train(TrainingOptimizer kind)
    {
        using var scope = NewDisposeScope();
        manual_seed(9);
        using Sequential network = nn.Sequential(nn.Linear(Size, Size), new BatchNormalization(Size), nn.Linear(Size, Size));
        using Sequential averaged = nn.Sequential(nn.Linear(Size, Size), new BatchNormalization(Size), nn.Linear(Size, Size));
        using LossHead head = new CurricularFaceLoss().CreateHead(Size, Classes, scale: 8);
        using var optimizer = new ParameterOptimizer(
            UpdateRule.Create(kind, momentum: 0.9, weightDecay: 5e-4), ParameterGroup.Of(network, "network"), ParameterGroup.Of(head, "head"));
        var average = new WeightAverage(network, averaged, 0.9);
        Tensor input = randn(8, Size), labels = randint(0, Classes, [8], dtype: ScalarType.Int64);

        // One parameter of another type: the way of the optimizer that libtorch goes.
        Parameter wide = nn.Parameter(ones(3, dtype: ScalarType.Float64));
        using var wideOptimizer = new ParameterOptimizer(UpdateRule.Create(kind, 0.9, 5e-4), new ParameterGroup([("wide", wide)]));
        for (int step = 0; step < Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            optimizer.ForgetGradients();
            wideOptimizer.ForgetGradients();
            head.forward(network.forward(input), labels).backward();
            (wide * wide).sum().backward();
            GradientClipping.ToNorm(network.parameters(), 1);
            GradientClipping.ToNorm([wide], 1);
            optimizer.Step(0.01);
            wideOptimizer.Step(0.01);
            average.Update(step);
        }

        return
        [
            .. network.parameters().Concat(head.parameters()).Concat(averaged.parameters()).SelectMany(parameter => parameter.data<float>().ToArray()),
            .. wide.data<double>().Select(value => (float)value),
        ];
    }

    private static T UnderCollection<T>(Func<T> work)
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            return work();
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }
}
