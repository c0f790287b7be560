using System.Text.Json;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class LossGoldenTests
{
    /// <summary>Losses of other families, checked where they are implemented; any other name must be covered here.</summary>
    private static readonly string[] OtherFamilies =
    [
        "NormSoftmax+Intra", "NormSoftmax+Inter", "SubCenterArcFace", "AngularTriplet", "BatchHardTriplet", "CenterLoss", "AdaFace", "CurricularFace", "MagFace",
    ];

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [RequiresGolden("losses.json")]
    public void Forward_EveryGoldenCase_LossAndGradientsAgreeInFloat64() => CheckAll(ScalarType.Float64, 1e-9);

    [TestMethod]
    [RequiresGolden("losses.json")]
    public void Forward_EveryGoldenCase_LossAndGradientsAgreeInFloat32() => CheckAll(ScalarType.Float32, 1e-4);

    private void CheckAll(ScalarType type, double tolerance)
    {
        using JsonDocument golden = GoldenFiles.ReadJson("losses.json");
        int covered = 0;
        foreach (JsonElement goldenCase in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = goldenCase.GetProperty("name").GetString()!;
            JsonElement parameters = goldenCase.GetProperty("params");
            if (OtherFamilies.Contains(FamilyOf(name)))
            {
                TestContext.WriteLine($"Not a margin-softmax loss: {name} {parameters}");
                continue;
            }

            Check(goldenCase, $"{name} {parameters}", LossOf(name, parameters), type, tolerance);
            covered++;
        }

        Assert.IsGreaterThan(0, covered);
    }

    /// <summary>The name without remarks in parentheses.</summary>
    private static string FamilyOf(string name) => name.Split('(')[0];

    private static void Check(JsonElement golden, string title, (FaceLoss Loss, double Scale) choice, ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor embeddings = Matrix(golden.GetProperty("embeddings"), type).requires_grad_();
        Tensor centers = Matrix(golden.GetProperty("centers"), type);
        Tensor labels = tensor(golden.GetProperty("labels").EnumerateArray().Select(label => label.GetInt64()).ToArray());
        using ClassificationHead head = choice.Loss.CreateHead((int)centers.shape[1], centers.shape[0], choice.Scale);
        head.to(type);
        using (no_grad())
        {
            head.Centers.copy_(centers);
        }

        Tensor loss = head.forward(embeddings, labels);
        loss.backward();

        double expected = golden.GetProperty("loss").GetDouble();
        Assert.AreEqual(expected, loss.to(ScalarType.Float64).item<double>(), tolerance * Math.Max(1, Math.Abs(expected)), title);
        AssertNear(Matrix(golden.GetProperty("grad_embeddings"), ScalarType.Float64), embeddings.grad!, tolerance, title + " embeddings");
        AssertNear(Matrix(golden.GetProperty("grad_centers"), ScalarType.Float64), head.Centers.grad!, tolerance, title + " centers");
    }

    private static void AssertNear(Tensor expected, Tensor actual, double tolerance, string title)
    {
        double error = ((actual.to(ScalarType.Float64) - expected).norm() / expected.norm()).item<double>();
        Assert.IsLessThanOrEqualTo(tolerance, error, title);
    }

    private static (FaceLoss Loss, double Scale) LossOf(string name, JsonElement parameters)
    {
        double scale = Number("s", 1);
        FaceLoss loss = name switch
        {
            "Softmax" => new SoftmaxLoss(),
            "NormSoftmax" => new NormSoftmaxLoss(),
            "CosFace" => new CosFaceLoss(Number("m", 0)),
            "ArcFace" => new ArcFaceLoss(Number("m", 0)) { Extension = Extension(), Gradient = Gradient() },
            "Combined" => new CombinedMarginLoss(Number("m1", 1), Number("m2", 0), Number("m3", 0)) { Extension = Extension(), Gradient = Gradient() },
            "SphereFace" => new SphereFaceLoss(Number("m", 4)) { InitialAnnealing = Number("annealing", 0), AnnealingDecay = 0, MinimumAnnealing = Number("annealing", 0) },
            _ => throw new AssertFailedException($"The golden file has a loss '{name}' that no test knows."),
        };
        Assert.IsEmpty(loss.Violations().ToArray());
        return (loss, scale);

        double Number(string key, double otherwise) => parameters.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;

        string Word(string key, string otherwise) => parameters.TryGetProperty(key, out JsonElement value) ? value.GetString()! : otherwise;

        MarginExtension Extension() => Enum.Parse<MarginExtension>(Word("extension", "none"), ignoreCase: true);

        MarginGradient Gradient() => Word("gradient", "exact") == "exact" ? MarginGradient.Exact : MarginGradient.StraightThrough;
    }

    private static Tensor Matrix(JsonElement rows, ScalarType type)
    {
        double[][] values = [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
        return tensor(values.SelectMany(row => row).ToArray(), [values.Length, values[0].Length]).to(type);
    }
}
