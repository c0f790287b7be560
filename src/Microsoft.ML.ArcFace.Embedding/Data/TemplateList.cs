using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Data.Lists;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Views;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// The pictures of IJB-B and IJB-C as InsightFace's evaluation lists them: face_tid_mid.txt (picture, template id, media
/// id), beside it name_5pts_score.txt (picture, five landmarks, detector score), line for line, and a .csv of template and
/// subject for each gallery and for the probes.
/// </summary>
internal static class TemplateList
{
    public const string TemplateColumn = "TemplateId", MediaColumn = "MediaId", LandmarksColumn = "Landmarks", QualityColumn = "Quality", LabelColumn = "Label";
    private const int LandmarkValues = 10;

    private static readonly char[] Separators = [' ', '\t'], SubjectSeparators = [',', ';', '\t'];

    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="FaceDataFormatException">A line is not what it should be.</exception>
    public static IDataView Load(string path, string? imageFolder, string? landmarksPath, string? subjectsPath, Encoding? encoding)
    {
        using DecodedText pictures = Open(path, encoding);
        using DecodedText? landmarks = landmarksPath is null ? null : Open(landmarksPath, encoding);
        using DecodedText? subjects = subjectsPath is null ? null : Open(subjectsPath, encoding);
        Dictionary<string, string>? subjectOf = subjects is null ? null : ReadSubjects(subjects, subjectsPath!);
        List<TemplateFile> files = Read(pictures, path, landmarks, landmarksPath, subjectOf, new ListedPaths(imageFolder ?? Path.GetDirectoryName(Path.GetFullPath(path))!));
        return ToView(files, landmarks is not null, subjects is not null);
    }

    /// <summary>The pictures, of the given templates only if subjects are given; none of them is opened.</summary>
    public static List<TemplateFile> Read(
        TextReader pictures, string name, TextReader? landmarks, string? landmarksName, IReadOnlyDictionary<string, string>? subjectOf, ListedPaths paths)
    {
        var files = new List<TemplateFile>();
        var found = new HashSet<string>(StringComparer.Ordinal);
        TextLines lines = LinesOf(pictures, name);
        TextLines? landmarkLines = landmarks is null ? null : LinesOf(landmarks, landmarksName!);
        while (Fields(lines) is { } fields)
        {
            if (fields.Length != 3)
            {
                throw Malformed(lines.Number, name, "is not a picture, a template id and a media id");
            }

            string[]? points = landmarkLines is null ? null : Fields(landmarkLines) ?? throw Malformed(landmarkLines.Number, landmarksName!, $"is missing; '{name}' has one more");
            if (points is not null && points[0] != fields[0])
            {
                throw Malformed(landmarkLines!.Number, landmarksName!, $"is of another picture than line {lines.Number} of '{name}'; the two lists go together line for line");
            }

            float[] numbers = points is null ? [] : Numbers(points, landmarkLines!, landmarksName!);
            string template = UnicodeNames.Compose(fields[1]);
            string? subject = null;
            if (subjectOf is not null && !subjectOf.TryGetValue(template, out subject))
            {
                continue;
            }

            found.Add(template);
            files.Add(new TemplateFile
            {
                ImagePath = Path.Combine(paths.Folder, paths.Find(fields[0])),
                RelativePath = fields[0].Replace('\\', '/'),
                TemplateId = template,
                MediaId = UnicodeNames.Compose(fields[2]),
                Landmarks = points is null ? [] : numbers[..LandmarkValues],
                Quality = points is null ? 1 : numbers[LandmarkValues],
                Label = subject ?? "",
            });
        }

        if (landmarkLines is not null && Fields(landmarkLines) is not null)
        {
            throw Malformed(landmarkLines.Number, landmarksName!, $"has no counterpart in '{name}'");
        }

        return files.Count == 0 ? throw new FaceDataFormatException($"The list '{name}' names no pictures{(subjectOf is null ? "" : " of the templates asked for")}.")
            : subjectOf?.Keys.FirstOrDefault(template => !found.Contains(template)) is { } absent
            ? throw new FaceDataFormatException($"The list '{name}' has no pictures of template '{absent}', which has a subject. Give lists of the same benchmark.")
            : files;
    }

    /// <summary>Reads the subject of each template: lines of template, subject and more, separated by commas, semicolons or tabs, under a line of names.</summary>
    public static Dictionary<string, string> ReadSubjects(TextReader reader, string name)
    {
        var subjectOf = new Dictionary<string, string>(StringComparer.Ordinal);
        TextLines lines = LinesOf(reader, name);
        while (lines.Next() is { } line)
        {
            string[] fields = [.. line.Split(SubjectSeparators, StringSplitOptions.TrimEntries).Select(UnicodeNames.Compose)];
            if (lines.Number == 1 || line.Length == 0)
            {
                continue;
            }

            if (fields.Length < 2 || fields[0].Length == 0 || fields[1].Length == 0)
            {
                throw Malformed(lines.Number, name, "is not a template id, a comma, semicolon or tab, and a subject id");
            }

            if (!subjectOf.TryAdd(fields[0], fields[1]) && subjectOf[fields[0]] != fields[1])
            {
                throw Malformed(lines.Number, name, $"gives template '{fields[0]}' a second subject");
            }
        }

        return subjectOf;
    }

    private static float[] Numbers(string[] fields, TextLines lines, string name)
    {
        float[] numbers = new float[LandmarkValues + 1];
        bool isProper = fields.Length == 1 + numbers.Length;
        for (int i = 0; isProper && i < numbers.Length; i++)
        {
            isProper = float.TryParse(fields[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) && float.IsFinite(numbers[i]);
        }

        return isProper && numbers[LandmarkValues] >= 0
            ? numbers
            : throw Malformed(lines.Number, name, "is not a picture, x and y of five landmarks, and a score of 0 or more");
    }

    /// <summary>The fields of the next line that has any.</summary>
    private static string[]? Fields(TextLines lines)
    {
        while (lines.Next() is { } line)
        {
            if (line.Split(Separators, StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } fields)
            {
                return fields;
            }
        }

        return null;
    }

    private static TextLines LinesOf(TextReader reader, string name) => new(reader, (line, what) => Malformed(line, name, what));

    private static DecodedText Open(string path, Encoding? encoding)
    {
        MissingFile.ThrowIfAbsent("The list", path, "Give a list as InsightFace's evaluation has it, such as ijbb_face_tid_mid.txt.");
        return DecodedText.Open(path, encoding);
    }

    private static IDataView ToView(List<TemplateFile> files, bool hasLandmarks, bool hasLabel) => new ListDataView<TemplateFile>(files,
    [
        ViewColumn<TemplateFile>.OfText(nameof(TemplateFile.ImagePath), file => file.ImagePath),
        ViewColumn<TemplateFile>.OfText(nameof(TemplateFile.RelativePath), file => file.RelativePath),
        ViewColumn<TemplateFile>.OfText(TemplateColumn, file => file.TemplateId),
        ViewColumn<TemplateFile>.OfText(MediaColumn, file => file.MediaId),
        .. hasLandmarks
            ? [ViewColumn<TemplateFile>.OfVector(LandmarksColumn, LandmarkValues, file => file.Landmarks), ViewColumn<TemplateFile>.OfSingle(QualityColumn, file => file.Quality)]
            : (ViewColumn<TemplateFile>[])[],
        .. hasLabel ? [ViewColumn<TemplateFile>.OfText(LabelColumn, file => file.Label)] : (ViewColumn<TemplateFile>[])[],
    ]);

    private static FaceDataFormatException Malformed(int line, string name, string what) => new($"Line {line} of '{name}' {what}.");
}

/// <summary>One picture of a template.</summary>
internal sealed class TemplateFile
{
    public string ImagePath { get; set; } = "";

    public string RelativePath { get; set; } = "";

    public string TemplateId { get; set; } = "";

    public string MediaId { get; set; } = "";

    public float[] Landmarks { get; set; } = [];

    public float Quality { get; set; }

    public string Label { get; set; } = "";
}
