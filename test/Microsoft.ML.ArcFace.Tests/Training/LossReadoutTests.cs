using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class LossReadoutTests
{
    private readonly List<(int Step, double Loss)> _observed = [];

    [TestMethod]
    public void Add_FewerThanTheInterval_ReadsNone()
    {
        using LossReadout losses = Readout(interval: 3);
        Add(losses, 5, 4);
        Assert.IsEmpty(_observed);
    }

    [TestMethod]
    public void Add_MoreThanTheInterval_ReadsWholeIntervalsInOrder()
    {
        using LossReadout losses = Readout(interval: 3);
        Add(losses, 5, 4, 3, 2);
        CollectionAssert.AreEqual(new[] { (0, 5.0), (1, 4.0), (2, 3.0) }, _observed);
    }

    [TestMethod]
    public void Add_RunThatGoesOn_CountsFromItsFirstStep()
    {
        using LossReadout losses = Readout(interval: 1, firstStep: 7);
        Add(losses, 5, 4);
        CollectionAssert.AreEqual(new[] { (7, 5.0), (8, 4.0) }, _observed);
    }

    [TestMethod]
    public void Read_SomeLeft_ReadsThemAndGoesOnCounting()
    {
        using LossReadout losses = Readout(interval: 3);
        Add(losses, 5, 4, 3, 2);
        losses.Read();
        losses.Read();
        Add(losses, 1);
        losses.Read();
        CollectionAssert.AreEqual(new[] { (0, 5.0), (1, 4.0), (2, 3.0), (3, 2.0), (4, 1.0) }, _observed);
    }

    [TestMethod]
    public void Add_ObserverThrows_LeavesNoTensorAlive()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var losses = new LossReadout(2, firstStep: 0, (_, _) => throw new InvalidOperationException("Diverged.")))
        {
            Assert.ThrowsExactly<InvalidOperationException>(() => Add(losses, 1, double.NaN));
            Add(losses, 1);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void IntervalOn_Processor_IsOneStepAndElsewhereMore()
    {
        Assert.AreEqual(1, LossReadout.IntervalOn(CPU));
        Assert.IsGreaterThan(1, LossReadout.IntervalOn(new Device(DeviceType.META)));
    }

    private LossReadout Readout(int interval, int firstStep = 0) => new(interval, firstStep, (step, losses) => _observed.Add((step, losses[0])));

    private static void Add(LossReadout losses, params double[] values)
    {
        foreach (double value in values)
        {
            using Tensor loss = tensor((float)value);
            losses.Add(loss);
        }
    }
}
