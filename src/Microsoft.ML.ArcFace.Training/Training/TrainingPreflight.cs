using System.Globalization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Looks at every row of a set before the first step and says what cannot be trained on.</summary>
internal sealed class TrainingPreflight(FaceLabels labels, TrainingSetup setup, string setName)
{
    private const int NamedExamples = 5;
    private readonly int[] _photographsOf = new int[labels.Count];
    private readonly Findings _unreadable = new(), _unlabelled = new();
    private long _row;

    /// <summary>Whether a row can be trained on. Counts it either way.</summary>
    /// <param name="pixels">Its photograph; null if it has none.</param>
    /// <param name="label">Its class; below 0 if it has none.</param>
    /// <param name="name">What to call it in a message; null: its number.</param>
    public bool Accept(byte[]? pixels, int label, Func<string>? name)
    {
        long row = _row++;
        if (pixels is null)
        {
            _unreadable.Add(row, name);
        }

        if (label < 0)
        {
            _unlabelled.Add(row, name);
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
            throw new InvalidOperationException($"The {setName} has no rows. Give it {(labels == FaceLabels.OfNobody ? "photographs" : "a folder with one folder of photographs a person")}.");
        }

        if (_unlabelled.Count > 0)
        {
            throw new InvalidOperationException(
                $"In the {setName} {_unlabelled.Count} of {_row} rows have no value in the label column '{setup.LabelColumnName}' ({_unlabelled}). " +
                "Give each photograph the name of its person, or filter these rows out.");
        }

        if (_unreadable.Count == 0)
        {
            return;
        }

        string what = $"In the {setName} {_unreadable.Count} of {_row} rows have no photograph in the image column '{setup.ImageColumnName}' ({_unreadable})";
        if (setup.UnreadableImages == UnreadableImages.Error)
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
                $"The {setName} shows {Counted.People(people)}; telling people apart takes at least 2. Give each person a label of their own.");
        }

        if (people < labels.Count)
        {
            int[] absent = [.. Enumerable.Range(0, labels.Count).Where(label => _photographsOf[label] == 0).Take(NamedExamples + 1)];
            channel.Warning(string.Create(CultureInfo.InvariantCulture, $"{labels.Count - people:N0} of {labels.Count:N0} people in the label column '{setup.LabelColumnName}' have no photograph ({Examples(absent.Select(labels.NameOf), absent.Length)}). ") +
                "Each takes a class center, against which all others are trained, and can be predicted. Make the key anew from the rows that are trained on (MapValueToKey), or correct the file that says how many people there are.");
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

    private static string Examples(IEnumerable<string> all, int count) =>
        string.Join(", ", all.Take(NamedExamples)) + (count > NamedExamples ? ", …" : "");

    /// <summary>Counts rows of a kind, and names the first.</summary>
    private sealed class Findings
    {
        private readonly List<string> _first = [];
        private bool _haveNames;

        public long Count { get; private set; }

        public void Add(long row, Func<string>? name)
        {
            if (Count++ < NamedExamples)
            {
                _haveNames |= name is not null;
                _first.Add(name is null ? $"{row}" : $"row {row}, {name()}");
            }
        }

        public override string ToString() => $"{(_haveNames ? "" : "row ")}{string.Join(_haveNames ? "; " : ", ", _first)}{(Count > NamedExamples ? ", …" : "")}";
    }
}
