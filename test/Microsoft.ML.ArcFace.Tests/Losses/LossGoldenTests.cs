using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class LossGoldenTests
{
    [TestMethod]
    [RequiresGolden("losses.json")]
    public void Forward_EveryGoldenCase_LossAndGradientsAgreeInFloat64() => CheckAll(ScalarType.Float64, 1e-9);

    [TestMethod]
    [RequiresGolden("losses.json")]
    public void Forward_EveryGoldenCase_LossAndGradientsAgreeInFloat32() => CheckAll(ScalarType.Float32, 1e-4);

    private void CheckAll(ScalarType type, double tolerance)
    {
        using JsonDocument golden = GoldenFiles.ReadJson("losses.json");
        foreach (JsonElement goldenCase in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            Check(new GoldenLossCase(goldenCase, type), tolerance);
        }
    }

    private static void Check(GoldenLossCase golden, double tolerance)
    {
        (Tensor loss, Tensor embeddings, Tensor centers) = golden.Forward();
        loss.backward();

        Assert.AreEqual(golden.ExpectedLoss, loss.to(ScalarType.Float64).item<double>(), tolerance * Math.Max(1, Math.Abs(golden.ExpectedLoss)), golden.Title);
        AssertNear(golden.ExpectedGradient("grad_embeddings")!, embeddings.grad!, tolerance, golden.Title + " embeddings");
        if (golden.ExpectedGradient("grad_centers") is { } byCenters)
        {
            AssertNear(byCenters, centers.grad!, tolerance, golden.Title + " centers");
        }
    }

    private static void AssertNear(Tensor expected, Tensor actual, double tolerance, string title)
    {
        double error = ((actual.to(ScalarType.Float64) - expected).norm() / expected.norm()).item<double>();
        Assert.IsLessThanOrEqualTo(tolerance, error, title);
    }
}
