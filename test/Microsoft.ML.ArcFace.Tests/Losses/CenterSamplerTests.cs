using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>Partial FC: which rows a step reads and writes, and that all of them are the whole loss.</summary>
[TestClass]
public class CenterSamplerTests
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
            using var sampler = new CenterSampler(head, 0.25);
            using var optimizer = new SampledRowsOptimizer(UpdateRule.Create(kind, momentum: 0.9, weightDecay: 0.1), sampler);
            for (int step = 0; step < 5; step++)
            {
                Tensor before = head.Centers.detach().clone();
                Tensor labels = randint(0, Classes, [Batch], dtype: ScalarType.Int64);
                using CenterSample sample = sampler.Take(labels);
                head.forward(randn(Batch, Size), labels, new LossStep(Sample: sample)).backward();
                long[] rows = sample.Rows.data<long>().ToArray();
                optimizer.Step(sample, 0.1);

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
        using var sampler = new CenterSampler(head, 0.3);
        Tensor labels = tensor(new long[] { 39, 0, 7, 7 });
        CenterSample sample = sampler.Take(labels);
        Assert.AreEqual(12, sample.Values.shape[0]);
        Assert.AreEqual(0f, (sample.Values.index_select(0, sample.Labels) - head.Centers.index_select(0, labels)).abs().max().item<float>());
    }

    [TestMethod]
    public void Take_MoreClassesInTheBatchThanTheRateAllows_HoldsThemAll()
    {
        using var scope = NewDisposeScope();
        using var head = (ClassificationHead)new ArcFaceLoss().CreateHead(Size, Classes, 16);
        using var sampler = new CenterSampler(head, 1e-9);
        Tensor labels = arange(20, dtype: ScalarType.Int64);
        CollectionAssert.AreEqual(labels.data<long>().ToArray(), sampler.Take(labels).Rows.data<long>().ToArray());
    }

    [TestMethod]
    public void Take_ManyTimes_SamplesEveryClassAboutEquallyOften()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        using var head = (ClassificationHead)new ArcFaceLoss().CreateHead(Size, Classes, 16);
        using var sampler = new CenterSampler(head, 0.25);
        int[] times = new int[Classes];
        for (int i = 0; i < 1000; i++)
        {
            using CenterSample sample = sampler.Take(tensor(new long[] { 3 }));
            foreach (long row in sample.Rows.data<long>())
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
            using var sampler = new CenterSampler(head, 0.25);
            using var optimizer = new SampledRowsOptimizer(new MomentumRule(0.9, 0), sampler);
            using Tensor embeddings = randn(Batch, Size), labels = randint(0, Classes, [Batch], dtype: ScalarType.Int64);
            long inside = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (int i = 0; i < 3; i++)
            {
                using (CenterSample sample = sampler.Take(labels))
                {
                    using Tensor loss = head.forward(embeddings, labels, new LossStep(Sample: sample));
                    loss.backward();
                    optimizer.Step(sample, 0.1);
                }

                Assert.AreEqual(inside, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
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
        CenterSampler? sampler = null;
        SampledRowsOptimizer? rows = null;
        optim.Optimizer? whole = null;
        if (rate is { } share)
        {
            sampler = new CenterSampler(head, share);
            rows = new SampledRowsOptimizer(UpdateRule.Create(kind, 0.9, Decay), sampler);
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
            CenterSample? sample = sampler?.Take(labels);
            Tensor value = head.forward(embeddings, labels, new LossStep(Sample: sample));
            losses.Add(value.item<double>());
            whole?.zero_grad();
            value.backward();
            whole?.step();
            if (sample is not null)
            {
                rows!.Step(sample, LearningRate);
            }
        }

        return ([.. losses], head.Centers.detach().clone());
    }
}
