namespace Microsoft.ML.ArcFace.Training;

/// <summary>The mean of the losses since the last report.</summary>
internal sealed class ReportedLoss : IRunPart
{
    private double _sum;
    private int _count;

    // What was reported last.
    private double _last = double.NaN;

    public void Add(double loss)
    {
        _sum += loss;
        _count++;
    }

    /// <summary>Gives the mean, and begins anew; where there is no loss, what was reported last.</summary>
    public double Report()
    {
        _last = _count == 0 ? _last : _sum / _count;
        (_sum, _count) = (0, 0);
        return _last;
    }

    public void Transfer(RunState state)
    {
        _sum = state.Number("sum", _sum);
        _count = state.Number("count", _count, least: 0);
        _last = state.Number("last", _last);
    }
}
