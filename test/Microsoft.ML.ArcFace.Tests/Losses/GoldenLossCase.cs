using System.Text.Json;
using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>One case of golden/losses.json, turned into a loss of ours.</summary>
internal sealed class GoldenLossCase(JsonElement golden, ScalarType type)
{
    private readonly JsonElement _parameters = golden.GetProperty("params");

    /// <summary>The name without remarks in parentheses.</summary>
    private readonly string _name = golden.GetProperty("name").GetString()!.Split('(')[0];

    public string Title => $"{golden.GetProperty("name")} {_parameters}";

    public double ExpectedLoss => golden.GetProperty("loss").GetDouble();

    /// <summary>A gradient in float64; null where the case has none.</summary>
    public Tensor? ExpectedGradient(string key) => golden.GetProperty(key) is { ValueKind: JsonValueKind.Array } rows ? Matrix(rows, ScalarType.Float64) : null;

    /// <summary>The loss, and what its gradient is taken by.</summary>
    public (Tensor Loss, Tensor Embeddings, Tensor Centers) Forward()
    {
        Tensor embeddings = Matrix(golden.GetProperty("embeddings"), type).requires_grad_();
        Tensor centers = Matrix(golden.GetProperty("centers"), type);
        Tensor labels = tensor(golden.GetProperty("labels").EnumerateArray().Select(label => label.GetInt64()).ToArray());
        if (_name == "CenterLoss")
        {
            // The term alone, and with a gradient by the centres that training does not use.
            Tensor loss = CenterTerm.HalfSquaredDistance(embeddings, centers.requires_grad_().index_select(0, labels));
            return (loss, embeddings, centers);
        }

        (FaceLoss choice, Dictionary<string, double> statistics) = Choice();
        Assert.IsEmpty(choice.Violations().ToArray(), Title);
        long classes = centers.shape[0] / (long)Number("K", 1);
        LossHead head = choice.CreateHead((int)centers.shape[1], classes, Number("s", 1));
        head.to(type);
        head.eval();
        using (no_grad())
        {
            (head as ClassificationHead)?.Centers.copy_(centers);
            foreach ((string name, double value) in statistics)
            {
                head.state_dict()[name].fill_(value);
            }
        }

        return (head.forward(embeddings, labels), embeddings, (head as ClassificationHead)?.Centers ?? centers);
    }

    private (FaceLoss Loss, Dictionary<string, double> Statistics) Choice() => _name switch
    {
        "Softmax" => (new SoftmaxLoss(), []),
        "NormSoftmax" => (new NormSoftmaxLoss(), []),
        "NormSoftmax+Intra" => (new NormSoftmaxLoss { IntraLossWeight = 1 }, []),
        "NormSoftmax+Inter" => (new NormSoftmaxLoss { InterLossWeight = 1 }, []),
        "NormSoftmax+Intra+Inter" => (new NormSoftmaxLoss { IntraLossWeight = 1, InterLossWeight = 1 }, []),
        "CosFace" => (new CosFaceLoss(Number("m", 0)), []),
        "ArcFace" => (ArcFace(), []),
        "ArcFace+Intra" => (ArcFace() with { IntraLossWeight = 1 }, []),
        "ArcFace+Inter" => (ArcFace() with { InterLossWeight = 1 }, []),
        "ArcFace+Intra+Inter" => (ArcFace() with { IntraLossWeight = 1, InterLossWeight = 1 }, []),
        "Combined" => (new CombinedMarginLoss(Number("m1", 1), Number("m2", 0), Number("m3", 0)) { Extension = Extension("none"), Gradient = Gradient() }, []),
        "SphereFace" => (new SphereFaceLoss(Number("m", 4)) { InitialAnnealing = Number("annealing", 0), AnnealingDecay = 0, MinimumAnnealing = Number("annealing", 0) }, []),
        "SubCenterArcFace" => (new SubCenterArcFaceLoss(Number("m", 0), (int)Number("K", 1)) { Extension = Extension("none"), Gradient = Gradient() }, []),
        "AdaFace" => (new AdaFaceLoss(Number("m", 0)) { Concentration = Number("h", 0) }, new() { ["length_mean"] = Number("normMean", 20), ["length_deviation"] = Number("normStd", 100) }),
        "CurricularFace" => (new CurricularFaceLoss(Number("m", 0)) { Extension = Extension("insightface") }, new() { ["target_cosine"] = Number("t", 0) }),
        "MagFace" => (MagFace(), []),
        "AngularTriplet" => (new AngularTripletLoss(Number("m", 0.35)) { SoftMargin = Flag("softMargin"), Mining = TripletMining.All }, []),
        "BatchHardTriplet" => (new TripletLoss(Number("m", 0.3)) { SoftMargin = Flag("softMargin"), Mining = TripletMining.BatchHard }, []),
        _ => throw new AssertFailedException($"The golden file has a loss '{_name}' that no test knows."),
    };

    private ArcFaceLoss ArcFace() => new(Number("m", 0)) { Extension = Extension("none"), Gradient = Gradient() };

    private MagFaceLoss MagFace() => new()
    {
        LowerMarginRadians = Number("lowerMargin", 0), UpperMarginRadians = Number("upperMargin", 0), LowerLength = Number("lowerNorm", 0),
        UpperLength = Number("upperNorm", 0), LengthWeight = Number("lambdaG", 0), EasyMargin = Flag("easyMargin"), Extension = Extension("none"),
    };

    private double Number(string key, double otherwise) => _parameters.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;

    private bool Flag(string key) => _parameters.TryGetProperty(key, out JsonElement value) && value.GetBoolean();

    private string Word(string key, string otherwise) => _parameters.TryGetProperty(key, out JsonElement value) ? value.GetString()! : otherwise;

    private MarginExtension Extension(string otherwise) => Enum.Parse<MarginExtension>(Word("extension", otherwise), ignoreCase: true);

    private MarginGradient Gradient() => Word("gradient", "exact") == "exact" ? MarginGradient.Exact : MarginGradient.StraightThrough;

    private static Tensor Matrix(JsonElement rows, ScalarType type)
    {
        double[][] values = [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
        return tensor(values.SelectMany(row => row).ToArray(), [values.Length, values[0].Length]).to(type);
    }
}
