using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>The checkpoints of a run: the newest few, a file each, and below them those of the second stage of a loss that has one.</summary>
internal sealed partial class CheckpointFolder : IDisposable
{
    private const string SecondStageName = "second-stage";

    /// <summary>Held open by the run that writes here; the system lets go of it also when the process is killed.</summary>
    private const string LockName = "run.lock";

    private readonly IChannel _channel;
    private readonly string _path;
    private readonly int _kept;
    private FileStream? _lock;
    private Checkpoint? _newest;
    private bool _isSearched;

    private CheckpointFolder(IChannel channel, string path, int kept)
    {
        _channel = channel;
        _path = path;
        _kept = kept;
    }

    /// <summary>The checkpoints of the second stage.</summary>
    public CheckpointFolder SecondStage => field ??= new(_channel, Path.Combine(_path, SecondStageName), _kept);

    /// <summary>The file that was written or read last; null if there is none.</summary>
    public string? LastPath => _newest?.Path;

    /// <summary>Opens the newest checkpoint of the second stage, if the run has come that far.</summary>
    /// <inheritdoc cref="OpenNewest"/>
    public Checkpoint? OpenNewestOfSecondStage() => OpenNewest() is null ? null : SecondStage.OpenNewest();

    /// <summary>
    /// Opens the newest checkpoint that is whole, and compares all of the file with its hash: once, then the result is kept. Null if there are none
    /// at all. Those that are damaged are warned of.
    /// </summary>
    /// <exception cref="WeightsFormatException">There are some, and all of them are damaged.</exception>
    public Checkpoint? OpenNewest()
    {
        if (!_isSearched)
        {
            (_newest, _isSearched) = (FindNewest(), true);
        }

        return _newest;
    }

    /// <summary>The folder that the options name, ready to be written to by this run alone; null if they name none.</summary>
    /// <exception cref="IOException">It cannot be written to, or another run writes to it.</exception>
    public static CheckpointFolder? Open(IChannel channel, TrainingSetup setup)
    {
        if (setup.CheckpointDirectory is not { } directory)
        {
            return null;
        }

        WritableFolder.Prepare(directory, nameof(ArcFaceTrainer.Options.CheckpointDirectory));
        var folder = new CheckpointFolder(channel, Path.GetFullPath(directory), setup.CheckpointsKept) { _lock = Lock(directory) };
        try
        {
            folder.DeleteParts();
            folder.SecondStage.DeleteParts();
        }
        catch
        {
            folder.Dispose();
            throw;
        }

        if (!setup.Resume)
        {
            // Passed over, and deleted with the first checkpoint of the new run.
            (folder._newest, folder._isSearched) = (null, true);
        }

        return folder;
    }

    /// <summary>Refuses to go on from a run of another identity.</summary>
    /// <exception cref="InvalidOperationException">The message says what differs.</exception>
    public void CheckIdentity(RunIdentity identity)
    {
        if (OpenNewest() is { } newest && identity.DifferencesFrom(newest.Identity) is { Count: > 0 } differences)
        {
            throw new InvalidOperationException(
                $"The checkpoints in '{_path}' are of another run: {string.Join("; ", differences)}. To go on with that run, set these as they were. " +
                $"To start a new one, give it another {nameof(ArcFaceTrainer.Options.CheckpointDirectory)}, or set {nameof(ArcFaceTrainer.Options.Resume)} = false, which replaces what is there.");
        }
    }

    /// <summary>Writes a checkpoint and deletes those that are too many.</summary>
    /// <param name="identity">Of the run.</param>
    /// <param name="step">Steps that are done.</param>
    /// <param name="state">Of the run.</param>
    public void Save(RunIdentity identity, int step, SavedState state)
    {
        Directory.CreateDirectory(_path);
        bool isFirstOfItsRun = _newest is null;
        string name = string.Create(CultureInfo.InvariantCulture, $"checkpoint-{step:D10}.safetensors");
        Checkpoint checkpoint = Checkpoint.Write(Path.Combine(_path, name), identity, state);
        (_newest, _isSearched) = (checkpoint, true);
        if (isFirstOfItsRun)
        {
            SecondStage.Clear();
        }

        // Later ones are damaged, or of the run that this one replaces.
        ILookup<bool, string> others = Files().Where(file => file != checkpoint.Path).ToLookup(file => string.CompareOrdinal(file, checkpoint.Path) > 0);
        foreach (string file in others[true].Concat(others[false].Skip(isFirstOfItsRun ? 0 : _kept - 1)))
        {
            File.Delete(file);
        }
    }

    /// <summary>Lets another run write here.</summary>
    public void Dispose() => _lock?.Dispose();

    private static FileStream Lock(string directory)
    {
        try
        {
            return new FileStream(Path.Combine(directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException error)
        {
            throw new IOException(
                $"Another run writes checkpoints to '{directory}' ({error.Message.TrimEnd('.')}). Wait for it or stop it, or give this one another {nameof(ArcFaceTrainer.Options.CheckpointDirectory)}.", error);
        }
    }

    private Checkpoint? FindNewest()
    {
        var damages = new List<string>();
        foreach (string file in Files())
        {
            try
            {
                Checkpoint checkpoint = Checkpoint.Open(file);
                damages.ForEach(damage => _channel.Warning($"{damage} The checkpoint before it is used."));
                return checkpoint;
            }
            catch (Exception error) when (error is WeightsFormatException or IOException)
            {
                damages.Add(error.Message);
            }
        }

        return damages.Count == 0 ? null : throw new WeightsFormatException(
            $"None of the {damages.Count} checkpoints in '{_path}' can be read: {string.Join(" ", damages)} " +
            $"Put back undamaged ones, or set {nameof(ArcFaceTrainer.Options.Resume)} = false to start a new run in their place.");
    }

    private void Clear()
    {
        (_newest, _isSearched) = (null, true);
        foreach (string file in Files())
        {
            File.Delete(file);
        }
    }

    /// <summary>Deletes what runs that were killed left half written; while this run holds the lock, no other writes here.</summary>
    private void DeleteParts()
    {
        foreach (string part in Directory.Exists(_path) ? Directory.GetFiles(_path, "checkpoint-*.part").Where(file => PartName().IsMatch(Path.GetFileName(file))) : [])
        {
            File.Delete(part);
        }
    }

    /// <summary>The files of checkpoints, the newest first.</summary>
    private string[] Files() => !Directory.Exists(_path) ? [] :
        [.. Directory.EnumerateFiles(_path).Where(file => FileName().IsMatch(Path.GetFileName(file))).OrderDescending(StringComparer.Ordinal)];

    [GeneratedRegex(@"^checkpoint-[0-9]{10}\.safetensors$")]
    private static partial Regex FileName();

    /// <summary>What <see cref="WholeFile"/> calls the part of a checkpoint; others' files may end so, too.</summary>
    [GeneratedRegex(@"^checkpoint-[0-9]{10}\.safetensors\.[0-9a-f]{32}\.part$")]
    private static partial Regex PartName();
}
