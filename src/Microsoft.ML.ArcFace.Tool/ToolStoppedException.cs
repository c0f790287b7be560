namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A command was stopped, and can say what it leaves behind.</summary>
internal sealed class ToolStoppedException(string kept, OperationCanceledException cause) : OperationCanceledException(kept, cause, cause.CancellationToken);
