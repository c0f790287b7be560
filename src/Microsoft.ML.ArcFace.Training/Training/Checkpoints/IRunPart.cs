namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// A part of a run that has something to remember from step to step. Its owner names it, and it names what it has: a number
/// that is added is one line of <see cref="Transfer"/>.
/// </summary>
internal interface IRunPart
{
    /// <summary>Passes each number and tensor that the part has through the state, which saves or loads them.</summary>
    void Transfer(RunState state);
}
