using Microsoft.ML.ArcFace.Fuzz;

namespace Microsoft.ML.ArcFace.Tests.Fuzz;

/// <summary>
/// A fixed part of build/fuzz.sh for every reader: proper files, files that are made to cost too much (among them every one
/// that once did), and some hundred damaged ones.
/// </summary>
[TestClass]
public class FuzzCorpusTests
{
    private const int Mutations = 300;

    public static IEnumerable<object[]> Readers => FuzzTargets.All.Select(target => new object[] { target.Name });

    [TestMethod]
    [DynamicData(nameof(Readers))]
    public void Read_FixedCorpus_ReadsOrRefusesWithinItsMemory(string reader)
    {
        FuzzTarget target = FuzzTargets.All.Single(candidate => candidate.Name == reader);

        FuzzReport report = FuzzRun.Run(target, seed: 1, first: 0, Mutations, limit: TimeSpan.MaxValue, mostForOne: TimeSpan.MaxValue);

        Assert.IsEmpty(report.Failures, string.Join('\n', report.Failures.Select(failure => $"{failure.What}: {failure.Problem}")));
        Assert.AreEqual(target.Seeds.Count + target.Attacks.Count() + Mutations, report.Inputs);

        // Damage that is always or never noticed tests little.
        Assert.IsGreaterThan(target.Seeds.Count, report.Accepted);
        Assert.IsGreaterThan(Mutations / 10, report.Refused);
    }

    [TestMethod]
    public void Run_SameSeedAndNumber_MakesTheSameFile()
    {
        foreach (FuzzTarget target in FuzzTargets.All)
        {
            CollectionAssert.AreEqual(target.Mutate(new Random(7)), target.Mutate(new Random(7)), target.Name);
            CollectionAssert.AreNotEqual(target.Mutate(new Random(7)), target.Mutate(new Random(8)), target.Name);
        }
    }

    [TestMethod]
    [DataRow("untyped", "InvalidOperationException")]
    [DataRow("memory", "bytes of memory")]
    [DataRow("inconsistent", "inconsistent")]
    [DataRow("refuses seeds", "FaceDataFormatException")]
    public void Run_ReaderThatErrs_IsFound(string kind, string expected)
    {
        FuzzReport report = FuzzRun.Run(new Faulty(kind), seed: 1, first: 0, count: 10, limit: TimeSpan.MaxValue, mostForOne: TimeSpan.MaxValue);
        Assert.IsNotEmpty(report.Failures);
        StringAssert.Contains(report.Failures[0].Problem, expected);
    }

    private sealed class Faulty(string kind) : FuzzTarget(kind)
    {
        public override IReadOnlyList<byte[]> Seeds { get; } = [[1, 2, 3]];

        public override bool IsRefusal(Exception exception) => exception is FaceDataFormatException;

        public override void Read(byte[] file, AllocationMeter meter)
        {
            switch (Name)
            {
                case "untyped":
                    throw new InvalidOperationException();
                case "memory":
                    GC.KeepAlive(new byte[2 << 20]);
                    break;
                case "inconsistent":
                    throw new FuzzException("inconsistent");
                default:
                    throw new FaceDataFormatException("refused");
            }
        }
    }
}
