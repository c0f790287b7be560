using System.Diagnostics;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>The pictures to train on and to test with: those of the user, or drawn into a temporary folder.</summary>
internal sealed class FaceFolders : IDisposable
{
    private const int DrawnFolds = 10;

    private string? _temporary;

    private FaceFolders(string train, string test, string? pairs, int usualEpochs)
    {
        (Train, Test, Pairs, UsualEpochs) = (train, test, pairs, usualEpochs);
    }

    /// <summary>One folder a person.</summary>
    public string Train { get; }

    /// <summary>One folder a person; the same as <see cref="Train"/> where people of it are held out.</summary>
    public string Test { get; }

    /// <summary>Pairs in LFW's format; none where people are held out.</summary>
    public string? Pairs { get; }

    /// <summary>How many epochs suit the pictures.</summary>
    public int UsualEpochs { get; }

    /// <summary>Draws faces if the user brought none.</summary>
    public static FaceFolders Prepare(QuickStartSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Data is { } data)
        {
            Console.WriteLine(settings.Test is null
                ? $"1. Using the photographs in {data}; every fifth person is held out for the test"
                : $"1. Using the photographs in {data}, and those in {settings.Test} for the test");
            return new FaceFolders(data, settings.Test ?? data, settings.Pairs, settings.Short ? 2 : 20);
        }

        DrawnSet set = settings.Short ? DrawnSet.Short : DrawnSet.Full;
        string folder = Directory.CreateTempSubdirectory("quickstart-").FullName;
        var folders = new FaceFolders(Path.Combine(folder, "train"), Path.Combine(folder, "test"), Path.Combine(folder, "pairs.txt"), set.Epochs) { _temporary = folder };
        try
        {
            var clock = Stopwatch.StartNew();
            DrawnFaces.WriteFolder(folders.Train, set.TrainPeople, set.TrainPictures, settings.Seed, 0, cancellationToken);
            DrawnFaces.WriteFolder(folders.Test, set.TestPeople, set.TestPictures, settings.Seed, set.TrainPeople, cancellationToken);
            DrawnFaces.WritePairs(folders.Pairs!, set.TestPeople, set.TestPictures, DrawnFolds, set.PairsPerKind, settings.Seed, set.TrainPeople);
            Console.WriteLine(
                $"1. Drew {set.TrainPeople} people × {set.TrainPictures} pictures to train on, and {set.TestPeople} other people × {set.TestPictures} for the test, in {clock.Elapsed.TotalSeconds:F0} s");
            return folders;
        }
        catch
        {
            folders.Dispose();
            throw;
        }
    }

    /// <summary>All people, but for those held out.</summary>
    public IDataView SelectTrainingPeople(MLContext ml, IDataView train) => Pairs is not null ? train : HeldOutPeople.Remove(ml, train);

    /// <summary>Those who are tested.</summary>
    public IDataView SelectTestPeople(MLContext ml, IDataView test) => Pairs is not null ? test : HeldOutPeople.Keep(ml, test);

    /// <summary>The pairs to verify.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="test">The people who are tested.</param>
    public IReadOnlyList<FacePair> LoadPairs(MLContext ml, IDataView test) => Pairs is { } file ? ml.FaceRecognition().LoadPairs(file) : HeldOutPeople.Pairs(ml, test);

    /// <summary>How many people and pictures there are.</summary>
    public static (int People, int Images) Count(MLContext ml, IDataView view)
    {
        string[] labels = [.. ml.Data.CreateEnumerable<LabelRow>(view, reuseRowObject: true).Select(row => row.Label)];
        return (labels.Distinct(StringComparer.Ordinal).Count(), labels.Length);
    }

    public void Dispose()
    {
        if (_temporary is not null && Directory.Exists(_temporary))
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    /// <summary>How many faces are drawn; chosen for the time they take on two cores.</summary>
    private sealed record DrawnSet(int TrainPeople, int TrainPictures, int TestPeople, int TestPictures, int PairsPerKind, int Epochs)
    {
        public static DrawnSet Full { get; } = new(60, 14, 60, 4, 30, 6);

        public static DrawnSet Short { get; } = new(20, 10, 30, 4, 15, 3);
    }

    private sealed class LabelRow
    {
        public string Label { get; set; } = "";
    }
}
