namespace Microsoft.ML.ArcFace.Networks;

/// <summary>What networks of faces read: [batch, 3, 112, 112], red, green and blue, (value − 127.5) / 127.5.</summary>
internal static class FaceInput
{
    /// <summary>The name of the value in descriptions.</summary>
    public const string Name = "input";

    /// <summary>Width and height of a face in pixels.</summary>
    public const int Size = 112;

    /// <summary>Color channels of a face: red, green, blue.</summary>
    public const int Channels = 3;

    /// <summary>Numbers of one face.</summary>
    public const int Count = Size * Size * Channels;

    /// <summary>What is subtracted from a byte, and what the difference is divided by.</summary>
    public const double MiddleOfRange = 127.5;

    private static readonly float[] s_normalizedBytes = [.. Enumerable.Range(0, byte.MaxValue + 1).Select(value => (float)((value - MiddleOfRange) / MiddleOfRange))];

    /// <summary>Bytes as numbers from −1 to 1, looked up in a fifth of the time of computing them.</summary>
    public static void Normalize(ReadOnlySpan<byte> values, Span<float> normalized)
    {
        ReadOnlySpan<float> table = s_normalizedBytes;
        normalized = normalized[..values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            normalized[i] = table[values[i]];
        }
    }
}
