namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Reports that a command was stopped, and what it leaves behind.</summary>
internal sealed class ToolStoppedException(string kept, OperationCanceledException cause) : OperationCanceledException(kept, cause, cause.CancellationToken);
