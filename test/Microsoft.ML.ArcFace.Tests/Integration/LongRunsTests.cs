using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Training;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>Repeats tests of the ordinary suite with more seeds and for longer, where minutes do not matter.</summary>
[TestClass]
[RequiresIntegration]
public class LongRunsTests
{
    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void Fit_OtherSeeds_NearestCenterIsTheirOwn(int seed) => TrainingDefaultsTests.AssertNearestCenterIsTheirOwn(seed);

    /// <summary>Five times as often within the same bound: less than 10 KB of each prediction.</summary>
    [TestMethod]
    public void Predict_TenThousandTimes_NeitherTensorsNorMemoryGrow() => PredictionGrowthTests.AssertNothingGrows(InferencePrecision.Float32, times: 10_000);
}
