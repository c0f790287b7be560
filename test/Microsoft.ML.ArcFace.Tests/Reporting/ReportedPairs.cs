using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Reporting;

/// <summary>
/// A data set to compute by hand: pictures on the circle, in degrees. Ada at 0, 10 and 60, Bob at 90 and 100, Cy at 180.
/// Genuine cosines: cos 10, cos 60, cos 50 (Ada), cos 10 (Bob).
/// </summary>
internal static class ReportedPairs
{
    public const string Hostile = "<script>alert('x')</script>";

    public static readonly MLContext Ml = new(seed: 1);

    private static readonly (string Person, string Name, double Degrees, string Group)[] Pictures =
    [
        (Hostile, "ada/1.jpg", 0, "north"), (Hostile, "ada/2.jpg", 10, "north"), (Hostile, "ada/3.jpg", 60, "north"),
        ("Bob", "bob/1.jpg", 90, "south"), ("Bob", "bob/2.jpg", 100, "south"), ("Cy\u202e\u0001", "cy/1.jpg", 180, ""),
    ];

    /// <summary>All 15 pairs, in two folds with both kinds in each.</summary>
    public static FacePair[] Pairs { get; } =
    [
        .. Pictures.SelectMany((first, i) => Pictures.Skip(i + 1).Select(second => (first, second)))
            .Select((pair, index) => new FacePair(pair.first.Name, pair.second.Name, pair.first.Person == pair.second.Person, index is 0 or 2 or 3 or 4 or 5 ? 0 : 1)),
    ];

    /// <summary>The pictures as a view; image paths point into a folder.</summary>
    public static IDataView View(string folder = "") => Ml.Data.LoadFromEnumerable(Pictures.Select(picture => new Picture
    {
        RelativePath = picture.Name,
        ImagePath = Path.Combine(folder, picture.Name),
        Label = picture.Person,
        Group = picture.Group,
        Embedding = [(float)Math.Cos(picture.Degrees * Math.PI / 180), (float)Math.Sin(picture.Degrees * Math.PI / 180)],
    }));

    public static ComparedPairs Compared() => ComparedRows.Read(Ml, View(), Pairs, "Embedding", "RelativePath", null, (_, _) => { });

    public static Dictionary<string, string> People() => Pictures.ToDictionary(picture => picture.Name, picture => picture.Person);

    internal sealed class Picture
    {
        public string RelativePath { get; set; } = "";

        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";

        public string Group { get; set; } = "";

        [VectorType(2)]
        public float[] Embedding { get; set; } = [];
    }
}
