namespace Microsoft.ML.ArcFace.Files;

/// <summary>Tells <see cref="TextLines"/> that a byte does not belong to the text's encoding; the reader of the lines makes an exception of its own of it.</summary>
/// <param name="line">Its line; the first one is 1.</param>
/// <param name="message">What the line does, as in "holds bytes that …".</param>
internal sealed class UndecodableTextException(int line, string message) : Exception(message)
{
    public int Line { get; } = line;
}
