using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>
/// Where the user has no test set: every fifth person, in alphabetical order, is kept from training and verified
/// afterwards. Both processes find the same people.
/// </summary>
internal static class HeldOutPeople
{
    private const int Share = 5;
    private const int LeastPeople = 4;
    private const int MostFolds = 10;
    private const int MostPicturesPerPerson = 10;

    /// <summary>The pictures of those who are trained on.</summary>
    public static IDataView Remove(MLContext ml, IDataView view)
    {
        HashSet<string> heldOut = Find(ml, view);
        return ml.Data.FilterByCustomPredicate(view, (Face face) => heldOut.Contains(face.Label));
    }

    /// <summary>The pictures of those who are held out.</summary>
    public static IDataView Keep(MLContext ml, IDataView view)
    {
        HashSet<string> heldOut = Find(ml, view);
        return ml.Data.FilterByCustomPredicate(view, (Face face) => !heldOut.Contains(face.Label));
    }

    /// <summary>All pairs of pictures of the same person (of ten pictures at most), and as many of different people, fold by fold.</summary>
    public static List<FacePair> Pairs(MLContext ml, IDataView heldOut)
    {
        string[][] people = [.. ml.Data.CreateEnumerable<Face>(heldOut, reuseRowObject: false)
            .GroupBy(face => face.Label, face => face.RelativePath, StringComparer.Ordinal)
            .OrderBy(person => person.Key, StringComparer.Ordinal)
            .Select(person => person.Take(MostPicturesPerPerson).ToArray())];
        int folds = Math.Clamp(people.Length / 2, 2, MostFolds);
        var pairs = new List<FacePair>();
        for (int fold = 0; fold < folds; fold++)
        {
            string[][] members = [.. people.Where((_, index) => index % folds == fold)];
            FacePair[] same = [.. members.SelectMany(person => person.SelectMany((first, index) =>
                person.Skip(index + 1).Select(second => new FacePair(first, second, IsSamePerson: true, fold))))];
            FacePair[] different = [.. members.SelectMany((person, index) => members.Skip(index + 1).SelectMany(other =>
                person.SelectMany(first => other.Select(second => new FacePair(first, second, IsSamePerson: false, fold)))))];
            new Random(fold).Shuffle(different);
            pairs.AddRange(same);
            pairs.AddRange(different.Take(same.Length));
        }

        return pairs;
    }

    private static HashSet<string> Find(MLContext ml, IDataView view)
    {
        string[] people = [.. ml.Data.CreateEnumerable<Face>(view, reuseRowObject: true).Select(face => face.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        HashSet<string> heldOut = [.. people.Where((_, index) => index % Share == 0)];
        return heldOut.Count >= LeastPeople
            ? heldOut
            : throw new InvalidOperationException(
                $"There are {people.Length} people; to hold out every fifth for the test takes at least {((LeastPeople - 1) * Share) + 1}. Add people, or give other ones with --test and --pairs.");
    }

    private sealed class Face
    {
        public string Label { get; set; } = "";

        public string RelativePath { get; set; } = "";
    }
}
