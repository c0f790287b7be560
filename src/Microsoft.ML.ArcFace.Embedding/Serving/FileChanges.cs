using System.Security.Cryptography;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>
/// Decides at each look at a file whether it is to be loaded: because other bytes are in it than were loaded and it is not
/// being written, or because loading it failed and the time to try again has come. Used by one thread at a time.
/// </summary>
internal sealed class FileChanges
{
    /// <summary>The most looks between two tries.</summary>
    private const int MostLooksBetween = 64;

    /// <summary>Where the system does not tell every change, the bytes themselves are looked at every so many looks.</summary>
    private const int LooksPerDigest = 12;

    private readonly string _path;
    private FileStamp? _seen, _loaded;
    private byte[]? _digest;
    private int _looks, _looksBetween = 1;

    /// <summary>The looks until the next try; null: the last one succeeded, or cannot.</summary>
    private int? _looksUntilRetry;

    /// <summary>Takes the file as it is for loaded.</summary>
    public FileChanges(string path)
    {
        _path = path;
        _seen = _loaded = FileStamp.Of(path);
        _digest = Digest();
    }

    /// <summary>Looks at the file; if it is to be loaded, it counts as loaded from now on.</summary>
    public bool IsDue()
    {
        if (FileStamp.Of(_path) is not { } stamp)
        {
            return false;                                      // absent for the moment of a replacement
        }

        bool isSettled = stamp == _seen;
        _seen = stamp;
        if (!isSettled)
        {
            return false;
        }

        bool isRetry = stamp == _loaded && _looksUntilRetry is { } left && (_looksUntilRetry = left - 1) <= 0;
        if (stamp == _loaded && !isRetry && (FileStamp.IsCertain || ++_looks % LooksPerDigest != 0))
        {
            return false;
        }

        byte[]? digest = Digest();
        bool isSame = digest is not null && _digest is not null && digest.AsSpan().SequenceEqual(_digest);
        if (stamp != _loaded)
        {
            (_looksUntilRetry, _looksBetween) = (isSame ? _looksUntilRetry : null, isSame ? _looksBetween : 1);
        }

        (_loaded, _digest) = (stamp, digest);
        if (isRetry)
        {
            _looksUntilRetry = null;
        }

        return isRetry || !isSame;
    }

    /// <summary>Asks for another try, later each time.</summary>
    /// <returns>After how many looks.</returns>
    public int RetryLater()
    {
        int looks = _looksBetween;
        _looksUntilRetry = looks;
        _looksBetween = Math.Min(2 * looks, MostLooksBetween);
        return looks;
    }

    /// <summary>Reads the whole file; null if it cannot be read.</summary>
    private byte[]? Digest()
    {
        try
        {
            using FileStream file = RegularFile.OpenRead(_path);
            return SHA256.HashData(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
