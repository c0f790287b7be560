using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// The angles that a loss is judged by (Table 3 of the ArcFace paper, arXiv 1801.07698), in degrees: how tightly the
/// photographs of a person lie together and how far people lie apart.
/// </summary>
public sealed class AngleMetrics
{
    internal AngleMetrics(
        double? centerToMean, double? betweenCenters, double intra, double inter,
        AngleHistogram? ownCenter, AngleHistogram positivePairs, AngleHistogram negativePairs, int people, int peopleWithCenter, int photographs)
    {
        (CenterToMeanDegrees, BetweenCentersDegrees, IntraDegrees, InterDegrees) = (centerToMean, betweenCenters, intra, inter);
        (OwnCenterAngles, PositivePairAngles, NegativePairAngles) = (ownCenter, positivePairs, negativePairs);
        (PersonCount, PersonWithCenterCount, PhotographCount) = (people, peopleWithCenter, photographs);
    }

    /// <summary>
    /// W-EC: the mean angle between a class centre and the mean embedding of its class. Null without a model, and where the
    /// photographs show none of the people it was trained on.
    /// </summary>
    public double? CenterToMeanDegrees { get; }

    /// <summary>W-Inter: the mean over all classes of the model of the smallest angle to another class centre. Null without a model.</summary>
    public double? BetweenCentersDegrees { get; }

    /// <summary>Intra: the mean angle between a photograph's embedding and the mean embedding of its person.</summary>
    public double IntraDegrees { get; }

    /// <summary>Inter: the mean over people of the smallest angle between their mean embedding and another's.</summary>
    public double InterDegrees { get; }

    /// <summary>
    /// Angles θ_y between photographs and their own class centre (Figure 4 of the paper); null where <see cref="CenterToMeanDegrees"/> is.
    /// </summary>
    public AngleHistogram? OwnCenterAngles { get; }

    /// <summary>Angles between photographs of the same person.</summary>
    public AngleHistogram PositivePairAngles { get; }

    /// <summary>Angles between photographs of different people.</summary>
    public AngleHistogram NegativePairAngles { get; }

    /// <summary>People with photographs.</summary>
    public int PersonCount { get; }

    /// <summary>Those of them that the model was trained on.</summary>
    public int PersonWithCenterCount { get; }

    /// <summary>Photographs.</summary>
    public int PhotographCount { get; }

    /// <summary>A short table.</summary>
    public override string ToString()
    {
        var table = new StringBuilder();
        Row("W-EC", CenterToMeanDegrees, $"centre to mean embedding, {PersonWithCenterCount} people");
        Row("W-Inter", BetweenCentersDegrees, $"centre to nearest centre");
        Row("Intra", IntraDegrees, $"photograph to mean embedding, {PhotographCount} photographs");
        Row("Inter", InterDegrees, $"mean embedding to nearest, {PersonCount} people");
        Row("Same person", PositivePairAngles.MeanDegrees, $"{PositivePairAngles.Total} pairs");
        Row("Different people", NegativePairAngles.MeanDegrees, $"{NegativePairAngles.Total} pairs");
        return table.ToString().TrimEnd();

        void Row(string name, double? degrees, FormattableString over)
        {
            if (degrees is { } known)
            {
                table.Append(CultureInfo.InvariantCulture, $"{name,-18}{known,7:0.00}°  {over.ToString(CultureInfo.InvariantCulture)}").Append('\n');
            }
        }
    }
}
