namespace Microsoft.ML.ArcFace;

/// <summary>A line of a pairs file is not what LFW's format asks for at that place.</summary>
public sealed class PairsFileException : FaceRecognitionException
{
    internal PairsFileException(string finding, int lineNumber, string value, string expectation)
        : base($"{finding}; expected {expectation}.")
    {
        LineNumber = lineNumber;
        Value = value;
        Expectation = expectation;
    }

    /// <summary>Number of the line; the first one is 1.</summary>
    public int LineNumber { get; }

    /// <summary>The start of what stands there; empty where the file ends too early.</summary>
    public string Value { get; }

    /// <summary>What the format asks for at that place.</summary>
    public string Expectation { get; }
}
