namespace Microsoft.ML.ArcFace.Training;

/// <summary>Where a run stands between two steps.</summary>
internal sealed record RunPosition : IRunPart
{
    /// <summary>The epoch under way, from 1; one more than there are when the run is over.</summary>
    public int Epoch { get; set; } = 1;

    /// <summary>Batches of it that are done.</summary>
    public int Batch { get; set; }

    /// <summary>Steps that are done.</summary>
    public int Step { get; set; }

    public void Transfer(RunState state)
    {
        Epoch = state.Number("epoch", Epoch, least: 1);
        Batch = state.Number("batch", Batch, least: 0);
        Step = state.Number("step", Step, least: 0);
    }
}
