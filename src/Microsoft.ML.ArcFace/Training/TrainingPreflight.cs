using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Looks at every row of a set before the first step and says what cannot be trained on.</summary>
internal sealed class TrainingPreflight(FaceLabels labels, ArcFaceTrainer.Options options, string setName)
{
    private const int NamedExamples = 5;
    private readonly int[] _photographsOf = new int[labels.Count];
    private readonly List<long> _unreadableRows = [];
    private readonly List<long> _unlabelledRows = [];
    private long _row;

    /// <summary>Whether a row can be trained on. Counts it either way.</summary>
    public bool Accept(byte[]? pixels, int label)
    {
        long row = _row++;
        if (pixels is null)
        {
            _unreadableRows.Add(row);
        }

        if (label < 0)
        {
            _unlabelledRows.Add(row);
        }

        if (pixels is null || label < 0)
        {
            return false;
        }

        _photographsOf[label]++;
        return true;
    }

    /// <summary>Throws if a row cannot be used; warns of those that are left out.</summary>
    public void CheckRows(IChannel channel)
    {
        if (_row == 0)
        {
            throw new InvalidOperationException($"The {setName} has no rows. Give it a folder with one folder of photographs a person.");
        }

        if (_unlabelledRows.Count > 0)
        {
            throw new InvalidOperationException(
                $"In the {setName} {_unlabelledRows.Count} of {_row} rows have no value in the label column '{options.LabelColumnName}' ({Rows(_unlabelledRows)}). " +
                "Give each photograph the name of its person, or filter these rows out.");
        }

        if (_unreadableRows.Count == 0)
        {
            return;
        }

        string what = $"In the {setName} {_unreadableRows.Count} of {_row} rows have no photograph in the image column '{options.ImageColumnName}' ({Rows(_unreadableRows)})";
        if (options.UnreadableImages == UnreadableImages.Error)
        {
            throw new InvalidOperationException(
                $"{what}. Mend or remove these files, or set {nameof(ArcFaceTrainer.Options.UnreadableImages)} = {nameof(UnreadableImages)}.{nameof(UnreadableImages.Skip)} to train without them.");
        }

        channel.Warning(what + "; they are left out.");
    }

    /// <summary>Warns of photographs that are no aligned faces.</summary>
    public void CheckAlignment(IChannel channel, AlignmentCheck alignment)
    {
        if (alignment.Summary(setName) is { } warning)
        {
            channel.Warning(warning);
        }
    }

    /// <summary>Throws if there is nobody to tell apart; warns of people who teach little.</summary>
    public void CheckPeople(IChannel channel)
    {
        int people = _photographsOf.Count(n => n > 0);
        if (people < 2)
        {
            throw new InvalidOperationException(
                $"The {setName} shows {people} {(people == 1 ? "person" : "people")}; telling people apart takes at least 2. Give each person a label of their own.");
        }

        int[] alone = [.. Enumerable.Range(0, labels.Count).Where(label => _photographsOf[label] == 1)];
        if (alone.Length == people)
        {
            throw new InvalidOperationException(
                $"Each of the {people} people has a single photograph; what two photographs of a person share cannot be learned from that. Give at least some people 2 or more.");
        }

        if (alone.Length > 0)
        {
            channel.Warning($"{alone.Length} of {people} people have a single photograph and teach little: {Examples(alone.Select(labels.NameOf), alone.Length)}.");
        }
    }

    private static string Rows(List<long> rows) => $"row {Examples(rows.Select(row => row.ToString()), rows.Count)}";

    private static string Examples(IEnumerable<string> all, int count) =>
        string.Join(", ", all.Take(NamedExamples)) + (count > NamedExamples ? ", …" : "");
}
