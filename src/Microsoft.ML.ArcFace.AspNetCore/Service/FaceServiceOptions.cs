using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Says what a face recognition service runs on, and what it takes from its clients.</summary>
/// <param name="ModelPath">A model's .zip that begins with a photograph. It is looked at for a replacement as <see cref="Embedder"/> says.</param>
public sealed record FaceServiceOptions(string ModelPath)
{
    /// <summary>Longest time that <see cref="RequestTimeout"/> may be.</summary>
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(1);

    /// <summary>The SQLite file of the people, which is made if it is not there. Null, the default: they are kept in memory, or where <see cref="OpenGallery"/> keeps them.</summary>
    public string? GalleryPath { get; init; }

    /// <summary>Opens a gallery elsewhere, such as in PostgreSQL, for the model in service; it is disposed of with the service. Null, the default: <see cref="GalleryPath"/> counts.</summary>
    public Func<FaceGalleryModel, CancellationToken, Task<IFaceGallery>>? OpenGallery { get; init; }

    /// <summary>Threshold, encryption and memory of the gallery in <see cref="GalleryPath"/>. Its threshold is for identification; verification goes by <see cref="Embedder"/>.</summary>
    public FaceGalleryOptions Gallery { get; init; } = new();

    /// <summary>Batches, device, threshold of verification, pixels of a photograph, reloading.</summary>
    public FaceEmbedder.Options Embedder { get; init; } = new();

    /// <summary>The bytes that one photograph may have, 1 to 512,000,000. Default 10,000,000.</summary>
    public int MaximumPhotographBytes { get; init; } = 10_000_000;

    /// <summary>The bytes that the whole body of a request may have, from <see cref="MaximumPhotographBytes"/> to 1,000,000,000. Default 32,000,000.</summary>
    public int MaximumRequestBytes { get; init; } = 32_000_000;

    /// <summary>The photographs that one request may bring, 1 to 1000. Default 16.</summary>
    public int MaximumPhotographs { get; init; } = 16;

    /// <summary>The bytes of uploads that are in memory at once, 1 to 1 TiB; others wait, unread. One request always fits. Default 64 MiB.</summary>
    public long UploadBytes { get; init; } = 64 << 20;

    /// <summary>The requests with photographs that are answered or wait at once, 1 to 100,000; further ones are told to come back (503 with Retry-After). Default 256.</summary>
    public int MaximumRequests { get; init; } = 256;

    /// <summary>The time within which a request with photographs is answered, 10 ms to 1 hour; otherwise it is told to come back (503 with Retry-After). Default 30 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A file of keys that arcface keys wrote: requests need one of them (Authorization: Bearer KEY), with the right that their
    /// address takes. It is read anew when it changes. Null, the default: whoever reaches the service may use it.
    /// </summary>
    public string? KeysPath { get; init; }

    /// <summary>The requests of one key, or without keys of one address, in a minute, 1 to 1,000,000; further ones are told to wait (429 with Retry-After). Null, the default: as many as come.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.That(!string.IsNullOrWhiteSpace(ModelPath), $"{nameof(ModelPath)} is empty. Give the .zip that arcface train or ml.Model.Save wrote.");
        check.That(GalleryPath is null || !string.IsNullOrWhiteSpace(GalleryPath), $"{nameof(GalleryPath)} is empty. Name a file, or leave it null to keep people in memory.");
        check.That(GalleryPath is null || OpenGallery is null, $"{nameof(GalleryPath)} and {nameof(OpenGallery)} are both given. Keep the one that holds the people.");
        check.NotNull(Gallery);
        check.NotNull(Embedder);
        check.AddRange(Gallery?.Violations());
        check.AddRange(Embedder?.Violations());
        check.InRange(MaximumPhotographBytes, 1, 512_000_000);
        check.InRange(MaximumRequestBytes, MaximumPhotographBytes, 1_000_000_000);
        check.InRange(MaximumPhotographs, 1, 1000);
        check.InRange(UploadBytes, 1L, 1L << 40);
        check.InRange(MaximumRequests, 1, 100_000);
        check.That(RequestTimeout >= TimeSpan.FromMilliseconds(10) && RequestTimeout <= LongestTimeout, $"{nameof(RequestTimeout)} is {RequestTimeout}; it must be from 10 ms to 1 hour.");
        check.That(KeysPath is null || !string.IsNullOrWhiteSpace(KeysPath), $"{nameof(KeysPath)} is empty. Name a file that arcface keys wrote, or leave it null for a service without keys.");
        check.InRange(RequestsPerMinute, 1, 1_000_000);
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceServiceOptions), PrintMembers);
}
