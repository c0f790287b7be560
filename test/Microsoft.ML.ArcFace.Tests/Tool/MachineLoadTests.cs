using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Tool;

[TestClass]
public sealed class MachineLoadTests
{
    [TestMethod]
    [DataRow(600, 300, 2, 0.0)]
    [DataRow(300, 300, 2, 0.5)]
    [DataRow(900, 300, 4, 0.25)]
    [DataRow(620, 300, 2, 0.0, DisplayName = "The clocks of processor and wall differ a little.")]
    public void Of_TimeGotOfTimeAskedFor_IsWhatOthersTook(int got, int elapsed, int threads, double expected) =>
        Assert.AreEqual(expected, MachineLoad.Of(TimeSpan.FromMilliseconds(got), TimeSpan.FromMilliseconds(elapsed), threads).TakenByOthers, 1e-12);

    [TestMethod]
    public void ToString_BusyMachine_SaysHowMuchAndWhatHelps()
    {
        Assert.StartsWith("busy: other programs take 35 % of the processors", new MachineLoad(0.35).ToString());
        Assert.Contains("OMP_NUM_THREADS=1", new MachineLoad(0.35).ToString());
        Assert.StartsWith("idle: other programs take 5 %", new MachineLoad(0.05).ToString());
    }

    [TestMethod]
    public void Measure_WithThreadsOfItsOwnOnEveryProcessor_IsAShare() => Assert.IsInRange(0.0, 1.0, MachineLoad.Measure().TakenByOthers);
}
