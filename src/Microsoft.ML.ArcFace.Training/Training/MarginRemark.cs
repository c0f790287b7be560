using System.Globalization;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Explains, once in a run, why the loss rises while the margin grows.</summary>
/// <param name="rampSteps">Steps until the margin is whole.</param>
internal sealed class MarginRemark(int rampSteps)
{
    private (double Loss, double MarginFraction)? _before;
    private bool _isSaid;

    /// <summary>Looks at a report.</summary>
    /// <param name="loss">The mean loss since the report before.</param>
    /// <param name="marginFraction">The share of the margin at its last step.</param>
    /// <returns>The explanation, if this is the first report with a higher loss under a greater margin; otherwise null.</returns>
    public string? Next(double loss, double marginFraction)
    {
        bool rises = _before is { } before && loss > before.Loss && marginFraction > before.MarginFraction;
        _before = (loss, marginFraction);
        if (!rises || _isSaid)
        {
            return null;
        }

        _isSaid = true;
        return string.Create(CultureInfo.InvariantCulture,
            $"The loss rises while the margin grows (until step {rampSteps:N0}): each step asks for more than the one before. That alone is no sign of failure; compare losses from there on, or validate.");
    }
}
