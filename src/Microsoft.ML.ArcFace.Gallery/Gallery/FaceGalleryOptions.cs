using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>What a person with several photographs is compared by.</summary>
public enum PersonAggregation
{
    /// <summary>The photograph that is nearest to the face: finds people in all their poses; each photograph is a chance for a stranger.</summary>
    BestPhotograph,

    /// <summary>The mean of their photographs' unit vectors, in unit length: one vector a person, so a faster search.</summary>
    MeanOfPhotographs,
}

/// <summary>What can be set about a gallery.</summary>
public sealed record FaceGalleryOptions : IdentificationOptions
{
    /// <summary>What a person with several photographs is compared by. It may be another one whenever a file is opened. Default the best photograph.</summary>
    public PersonAggregation Aggregation { get; init; } = PersonAggregation.BestPhotograph;

    /// <summary>
    /// Whether a search first goes through the vectors in half precision, and then compares those that come into question exactly.
    /// The answers are the same; it reads half as much memory, and keeps half as much in addition. Default false.
    /// </summary>
    public bool SearchInHalfPrecision { get; init; }

    /// <summary>Threads that one search may use, 1 or more. Null, the default: all processors.</summary>
    public int? MaxDegreeOfParallelism { get; init; }

    /// <summary>
    /// A secret key of 32 bytes (256 bits), such as RandomNumberGenerator.GetBytes(32), under which names, ids, sources and vectors
    /// are encrypted in the file (AES-GCM). Without it the file cannot be read by anybody. A gallery has one key for life.
    /// Null, the default: the file is not encrypted.
    /// </summary>
    public byte[]? EncryptionKey { get; init; }

    /// <summary>
    /// Tells whether the gallery is for searching alone. The file is read and closed again, and nothing is written to it or beside it,
    /// so that many processes may search it at once. A file that cannot be written, such as on a read-only file system, is
    /// opened in this way whatever is set. Default false.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>Tells whether a file that is not there is made, and the folder that it is in. Default true; never where <see cref="ReadOnly"/> is set.</summary>
    public bool CreateIfMissing { get; init; } = true;

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.AddRange(base.Violations());
        check.Defined(Aggregation);
        check.InRange(MaxDegreeOfParallelism, 1, int.MaxValue);
        check.That(EncryptionKey is null || EncryptionKey.Length == RecordSeal.KeyLength,
            $"{nameof(EncryptionKey)} has {EncryptionKey?.Length} bytes; it must have {RecordSeal.KeyLength}. Make one with RandomNumberGenerator.GetBytes({RecordSeal.KeyLength}) and keep it safe.");
        return check.Violations;
    }
}
