using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>Partial FC: which rows a step reads and writes, and that all of them are the whole loss.</summary>
[TestClass]
public class SampledCentersTests
{
    private const int Size = 5, Classes = 40, Batch = 6;

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd)]
    [DataRow(TrainingOptimizer.AdamW)]
    public void Step_RateOne_IsTheWholeLossAndTorchsOptimizer(TrainingOptimizer kind)
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses.Where(loss => loss.CanSampleClasses && loss is not ElasticFaceLoss))
        {
            using var scope = NewDisposeScope();
            (double[] losses, Tensor centers) whole = Train(loss, kind, rate: null), sampled = Train(loss, kind, rate: 1);
            for (int i = 0; i < whole.losses.Length; i++)
            {
                Assert.AreEqual(whole.losses[i], sampled.losses[i], 1e-9, loss.ToString());
            }

            Assert.IsLessThan(1e-10, (whole.centers - sampled.centers).abs().max().item<double>(), loss.ToString());
        }
    }

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd)]
    [DataRow(TrainingOptimizer.AdamW)]
    public void Step_PartOfTheClasses_TouchesNoOtherRow(TrainingOptimizer kind)
    {
        foreach (FaceLoss loss in new FaceLoss[] { new ArcFaceLoss(), new SubCenterArcFaceLoss(SubCenters: 2) })
        {
            using var scope = NewDisposeScope();
            manual_seed(2);
            using var head = (ClassificationHead)loss.CreateHead(Size, Classes, 16);
            head.SampleClasses(0.25);
            using var optimizer = new SampledRowsOptimizer(UpdateRule.Create(kind, momentum: 0.9, weightDecay: 0.1), head.Sampled!);
            for (int step = 0; step < 5; step++)
            {
                Tensor before = head.Centers.detach().clone();
                Tensor labels = randint(0, Classes, [Batch], dtype: ScalarType.Int64);
                head.forward(randn(Batch, Size), labels).backward();
                long[] rows = head.Sampled!.Rows!.data<long>().ToArray();
                optimizer.Step(0.1);

                // Momentum and decay of rows that are not in the sample move nothing.
                long[] moved = (head.Centers.detach() - before).abs().sum(1).nonzero().flatten().data<long>().ToArray();
                int centersEach = (int)(head.Centers.shape[0] / Classes);
                Assert.HasCount(10 * centersEach, rows);
                CollectionAssert.AreEqual(rows, moved, loss.ToString());
                CollectionAssert.IsSubsetOf(labels.data<long>().ToArray().Distinct().ToArray(), rows.Select(row => row / centersEach).ToArray());
            }
        }
    }

    [TestMethod]
    public void Take_LabelsAsPlaces_NameTheSameCentres()
    {
        using var scope = NewDisposeScope();
        using var head = (ClassificationHead)new ArcFaceLoss().CreateHead(Size, Classes, 16);
        head.SampleClasses(0.3);
        Tensor labels = tensor(new long[] { 39, 0, 7, 7 });
        (Tensor centers, Tensor places) = head.Sampled!.Take(labels);
        Assert.AreEqual(12, centers.shape[0]);
        Assert.AreEqual(0f, (centers.index_select(0, places) - head.Centers.index_select(0, labels)).abs().max().item<float>());
    }

    [TestMethod]
    public void Take_MoreClassesInTheBatchThanTheRateAllows_HoldsThemAll()
    {
        using var scope = NewDisposeScope();
        using var head = (ClassificationHead)new ArcFaceLoss().CreateHead(Size, Classes, 16);
        head.SampleClasses(1e-9);
        Tensor labels = arange(20, dtype: ScalarType.Int64);
        head.Sampled!.Take(labels);
        CollectionAssert.AreEqual(labels.data<long>().ToArray(), head.Sampled.Rows!.data<long>().ToArray());
    }

    [TestMethod]
    public void Take_ManyTimes_SamplesEveryClassAboutEquallyOften()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        using var head = (ClassificationHead)new ArcFaceLoss().CreateHead(Size, Classes, 16);
        head.SampleClasses(0.25);
        int[] times = new int[Classes];
        for (int i = 0; i < 1000; i++)
        {
            head.Sampled!.Take(tensor(new long[] { 3 }));
            foreach (long row in head.Sampled.Rows!.data<long>())
            {
                times[row]++;
            }
        }

        Assert.AreEqual(1000, times[3]);
        // 9 of the other 39: 231 ± 13.
        Assert.IsTrue(times.Where((_, row) => row != 3).All(count => count is > 165 and < 300), string.Join(' ', times));
    }

    [TestMethod]
    public void Forward_ManyTimes_LeavesNoTensorBehind()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var head = (ClassificationHead)new ArcFaceLoss().CreateHead(Size, Classes, 16))
        {
            head.SampleClasses(0.25);
            using var optimizer = new SampledRowsOptimizer(new MomentumRule(0.9, 0), head.Sampled!);
            using Tensor embeddings = randn(Batch, Size), labels = randint(0, Classes, [Batch], dtype: ScalarType.Int64);
            long inside = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (int i = 0; i < 3; i++)
            {
                using Tensor loss = head.forward(embeddings, labels);
                loss.backward();
                optimizer.Step(0.1);
                Assert.AreEqual(inside + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>Some steps in float64 on the same batches; with decay and momentum.</summary>
    private static (double[] Losses, Tensor Centers) Train(FaceLoss loss, TrainingOptimizer kind, double? rate)
    {
        const double LearningRate = 0.05, Decay = 0.01;
        manual_seed(6);
        var head = (ClassificationHead)loss.CreateHead(Size, Classes, 16);
        head.to(ScalarType.Float64);
        SampledRowsOptimizer? rows = null;
        optim.Optimizer? whole = null;
        if (rate is { } share)
        {
            head.SampleClasses(share);
            rows = new SampledRowsOptimizer(UpdateRule.Create(kind, 0.9, Decay), head.Sampled!);
        }
        else
        {
            whole = kind == TrainingOptimizer.Sgd
                ? optim.SGD(head.parameters(), LearningRate, 0.9, weight_decay: Decay)
                : optim.AdamW(head.parameters(), LearningRate, weight_decay: Decay);
        }

        var random = new Random(1);
        var losses = new List<double>();
        for (int step = 0; step < 5; step++)
        {
            Tensor embeddings = tensor(Enumerable.Range(0, Batch * Size).Select(_ => random.NextDouble() - 0.5).ToArray(), [Batch, Size]);
            Tensor labels = tensor(Enumerable.Range(0, Batch).Select(_ => (long)random.Next(Classes)).ToArray());
            Tensor value = head.forward(embeddings, labels);
            losses.Add(value.item<double>());
            whole?.zero_grad();
            value.backward();
            whole?.step();
            rows?.Step(LearningRate);
        }

        return ([.. losses], head.Centers.detach().clone());
    }
}
