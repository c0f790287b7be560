namespace Microsoft.ML.ArcFace;

/// <summary>Counts the files, or folders, that a walk over folders passed over for one reason.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Ending">The ending that they share, in lower case with its dot, such as ".heic"; empty for folders and for files without one.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Examples">Up to five of them, by their paths below the folder that was walked over, with forward slashes. Bytes that are not UTF-8 are written as \xE9.</param>
public sealed record LeftOutFiles(LeftOutReason Reason, string Ending, int Count, IReadOnlyList<string> Examples);
