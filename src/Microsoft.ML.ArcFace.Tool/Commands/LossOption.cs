using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>Losses by the names of their papers, for a command line.</summary>
internal static class LossOption
{
    private static readonly Dictionary<string, Func<double?, FaceLoss>> Losses = new(StringComparer.OrdinalIgnoreCase)
    {
        ["arcface"] = margin => new ArcFaceLoss(margin ?? new ArcFaceLoss().MarginRadians),
        ["cosface"] = margin => new CosFaceLoss(margin ?? new CosFaceLoss().CosineMargin),
        ["sphereface"] = margin => new SphereFaceLoss(margin ?? new SphereFaceLoss().AngleMultiplier),
        ["softmax"] = WithoutMargin("softmax", new SoftmaxLoss()),
        ["norm-softmax"] = WithoutMargin("norm-softmax", new NormSoftmaxLoss()),
        ["center"] = WithoutMargin("center", new CenterLoss()),
        ["sub-center-arcface"] = margin => new SubCenterArcFaceLoss(margin ?? new SubCenterArcFaceLoss().MarginRadians),
        ["adaface"] = margin => new AdaFaceLoss(margin ?? new AdaFaceLoss().Margin),
        ["curricularface"] = margin => new CurricularFaceLoss(margin ?? new CurricularFaceLoss().MarginRadians),
        ["magface"] = WithoutMargin("magface", new MagFaceLoss()),
        ["elasticface"] = margin => new ElasticFaceLoss(margin ?? new ElasticFaceLoss().MarginRadians),
        ["triplet"] = margin => new TripletLoss(margin ?? new TripletLoss().Margin),
        ["angular-triplet"] = margin => new AngularTripletLoss(margin ?? new AngularTripletLoss().MarginRadians),
    };

    public static string Names => string.Join(", ", Losses.Keys);

    public static Option<string> Create()
    {
        var loss = new Option<string>("--loss") { Description = $"What it learns by: {Names}.", HelpName = "NAME", DefaultValueFactory = _ => "arcface" };
        loss.Validators.Add(result =>
        {
            if (result.GetValue(loss) is { } name && !Losses.ContainsKey(name))
            {
                result.AddError($"--loss is '{name}'; it must be one of {Names}.");
            }
        });
        return loss;
    }

    /// <summary>The loss of a name, with the margin and the scale that were given.</summary>
    public static FaceLoss Make(string name, double? margin, double? scale) => Losses[name](margin) with { Scale = scale };

    /// <summary>Gives the command line's name of a loss by the name of its type; null if it is none.</summary>
    public static string? NameOf(string typeName) => Losses.Where(loss => loss.Value(null).GetType().Name == typeName).Select(loss => loss.Key).FirstOrDefault();

    private static Func<double?, FaceLoss> WithoutMargin(string name, FaceLoss loss) => margin =>
        margin is null ? loss : throw new ArgumentException(FormattableString.Invariant($"--margin is {margin}; {name} has none. Leave it out."));
}
