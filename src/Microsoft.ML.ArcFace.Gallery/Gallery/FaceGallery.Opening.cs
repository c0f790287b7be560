using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

// Opens galleries, and works on the files of galleries that are not open.
public sealed partial class FaceGallery
{
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened.</exception>
    private FaceGallery(FaceGalleryModel model, string? path, FaceGalleryOptions options, ILogger? logger)
    {
        Log = logger ?? NullLogger.Instance;
        OptionsCheck.ThrowIfAny(model.Violations(), nameof(model));
        var check = new OptionsCheck();
        check.AddRange(options.Violations());
        check.That(path is not null || options.EncryptionKey is null, $"{nameof(options.EncryptionKey)} is given, but no path; only a file is encrypted.");
        check.That(path is not null || !options.ReadOnly, $"{nameof(options.ReadOnly)} is set, but no path is given; there is nothing to search.");
        OptionsCheck.ThrowIfAny(check.Violations, nameof(options));
        (Model, _options, Path) = (model, options, path is null ? null : System.IO.Path.GetFullPath(path));
        if (Path is null)
        {
            _memory = CreateMemory();
            return;
        }

        string? readOnlyReason = $"was opened for searching alone ({nameof(FaceGalleryOptions.ReadOnly)})";
        GalleryFile? file = options.ReadOnly ? null : GalleryFile.OpenUnlessReadOnly(Path, model, options.EncryptionKey, options.CreateIfMissing, out readOnlyReason);
        if (file is null)
        {
            _memory = GalleryFile.ReadAll(Path, model, options.EncryptionKey, CreateMemory);
            _obstacle = (readOnlyReason!, options.ReadOnly
                ? "open it without that option"
                : "let this user write to the file and its folder, or copy the file to a folder that may be written to and give that path");
        }
        else
        {
            _memory = CreateMemory();
            try
            {
                (_lastPerson, _lastPhotograph) = file.Load(_memory);
                _obstacle = Upgrade(file);
                if (_obstacle is null)
                {
                    _file = file;
                    TryErase();
                }
            }
            finally
            {
                if (_file is null)
                {
                    file.Dispose();
                }
            }
        }

        if (_obstacle is { } obstacle)
        {
            GalleryLog.Tell(Log, $"'{path}' can be searched, but not changed: it {obstacle.Reason}.");
        }

        GalleryLog.Tell(Log, $"'{path}': {Counted.Of(_memory.PhotographCount, "photograph")} of {Counted.People(_memory.People.Count)}.");
    }

    /// <summary>Opens the gallery of a file, or makes one.</summary>
    /// <param name="path">One SQLite file that keeps it.</param>
    /// <param name="model">The model whose embeddings it keeps: what tells them from others, their size, and their threshold.</param>
    /// <param name="options">What can be set; null: the defaults.</param>
    /// <param name="logger">Is told of upgrades, and of what could not be erased; null: nobody is.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, encrypted under another key, or keeps vectors of another model.</exception>
    public static FaceGallery Open(string path, FaceGalleryModel model, FaceGalleryOptions? options = null, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(model);
        return new FaceGallery(model, path, options ?? new FaceGalleryOptions(), logger);
    }

    /// <summary>Makes a gallery that is kept in memory alone.</summary>
    /// <param name="model">The model whose embeddings it keeps: what tells them from others, their size, and their threshold.</param>
    /// <param name="options">What can be set; null: the defaults.</param>
    /// <param name="logger">Is told of what could not be enrolled; null: nobody is.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges, or for files alone; the message lists all of them.</exception>
    public static FaceGallery CreateInMemory(FaceGalleryModel model, FaceGalleryOptions? options = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new FaceGallery(model, path: null, options ?? new FaceGalleryOptions(), logger);
    }

    /// <summary>Lists who is in a gallery's file. The model is not needed, and nothing is written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encryptionKey">The key of 32 bytes that it is encrypted with; null: it is not.</param>
    /// <exception cref="ArgumentException">The path is empty, or the key has another length.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, or encrypted under another key.</exception>
    public static GalleryContents Read(string path, byte[]? encryptionKey = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        CheckKey(encryptionKey);
        return GalleryFile.List(System.IO.Path.GetFullPath(path), encryptionKey);
    }

    /// <summary>
    /// Copies the file of a gallery that is not open, with the log that a process may have left beside it, into one file. Neither the
    /// model nor the key is needed; a damaged gallery is refused. A gallery that is open: <see cref="BackupTo"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="outputPath">The copy, which appears when it is whole.</param>
    /// <param name="overwrite">Whether it may take the place of a file. Default false: what is there is left, and refused.</param>
    /// <exception cref="ArgumentException">A path is empty.</exception>
    /// <exception cref="FaceGalleryException">The gallery cannot be opened, is in use or damaged; or the copy cannot be written, or is there already.</exception>
    public static void Backup(string path, string outputPath, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentException.ThrowIfNullOrWhiteSpace(outputPath);
        GalleryBackup.OfFile(System.IO.Path.GetFullPath(path), System.IO.Path.GetFullPath(outputPath), overwrite);
    }

    /// <summary>Reads out of a damaged gallery what is sound, and makes a new gallery of it. The damaged file is left as it is.</summary>
    /// <param name="path">The damaged file.</param>
    /// <param name="outputPath">The new gallery, which must not be there yet.</param>
    /// <param name="encryptionKey">The key of 32 bytes that it is encrypted with, and that the new one is encrypted with, too; null: it is not.</param>
    /// <returns>What was read out, and what is lost.</returns>
    /// <exception cref="ArgumentException">A path is empty, or the key has another length.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, or has too little left to read anything; or the new one cannot be written, or is there already.</exception>
    public static RecoveredGallery Recover(string path, string outputPath, byte[]? encryptionKey = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentException.ThrowIfNullOrWhiteSpace(outputPath);
        CheckKey(encryptionKey);
        return GalleryRecovery.Run(System.IO.Path.GetFullPath(path), System.IO.Path.GetFullPath(outputPath), encryptionKey);
    }

    private static void CheckKey(byte[]? encryptionKey) =>
        OptionsCheck.ThrowIfAny(new FaceGalleryOptions { EncryptionKey = encryptionKey }.Violations(), nameof(encryptionKey));

    /// <summary>Upgrades a file of an older version; if there is no room for that, gives the reason why the gallery cannot be changed.</summary>
    private (string Reason, string Remedy)? Upgrade(GalleryFile file)
    {
        if (!file.IsOlder)
        {
            return null;
        }

        try
        {
            string backup = file.Upgrade();
            GalleryLog.Warn(Log, $"The gallery was upgraded to the present version of the file. The copy from before is '{backup}'; it keeps everybody of today, also those who are removed later: delete it when the gallery serves as it did.");
            return null;
        }
        catch (FaceGalleryException error) when (error.Problem == FaceGalleryProblem.Unreachable)
        {
            GalleryLog.Warn(Log, $"The gallery is of an older version of the file, and could not be upgraded; it is searched as it is, and nothing was lost. {error.Message}");
            return ("is of an older version of the file, and there was no room for the upgrade", "free as much space as three times the file has, and open the gallery again");
        }
    }
}
