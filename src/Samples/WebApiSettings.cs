namespace Microsoft.ML.ArcFace.Samples;

/// <summary>What the service runs on.</summary>
/// <param name="Model">A calibrated .zip that begins with a photograph.</param>
/// <param name="Gallery">The SQLite file of the people; it is made if it is not there.</param>
internal sealed record WebApiSettings(string Model, string Gallery)
{
    public string Urls { get; init; } = "http://localhost:5080";

    /// <summary>Names that clients may call the service by, besides localhost, 127.0.0.1, [::1] and the one in <see cref="Urls"/>; "*" stands for any.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Largest photograph.</summary>
    public int MaximumBytes { get; init; } = 10_000_000;

    /// <summary>Bytes of uploads that are in memory at once; others wait, unread.</summary>
    public int UploadBytes { get; init; } = 64 << 20;

    /// <summary>Bytes of uploads that wait at most, but always one; whoever comes after them is asked to come back.</summary>
    public long WaitingBytes { get; init; } = 4_000_000_000;

    /// <summary>Bytes of pixels that large photographs have in memory at once.</summary>
    public long DecodingBytes { get; init; } = 192 << 20;

    /// <summary>A cosine to tell strangers by; null: the model's calibrated one.</summary>
    public double? Cosine { get; init; }

    /// <summary>Tells whether photographs that are no aligned faces of 112×112 pixels, and that no detector of the model aligns, are refused.</summary>
    public bool RequireAligned { get; init; }

    /// <summary>32 bytes that the gallery is encrypted with; null: it is not.</summary>
    public byte[]? EncryptionKey { get; init; }
}
