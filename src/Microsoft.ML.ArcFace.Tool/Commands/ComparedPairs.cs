using System.CommandLine;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>Which pairs of photographs a command compares.</summary>
internal static class ComparedPairs
{
    public static Option<FileInfo> File { get; } = FileOptions.Pairs();

    public static Option<string?> PicturePattern { get; } = new("--picture-pattern")
    {
        Description = "How --pairs names pictures below --data, where it is in a way of its own: {0} is the person, {1} the number, as in \"{0}-{1:00}.png\". LFW's names are found without.", HelpName = "PATTERN",
    };

    public static Option<string?> Encoding { get; } = EncodingOption.Create("--pairs");

    /// <summary>Those of the file, or all pairs of the photographs.</summary>
    public static IReadOnlyList<FacePair> Read(ToolRun run, FaceRecognitionCatalog faces, IDataView photographs, int folds = 10) =>
        run.Get(File) is { } file ? Load(run, faces, file) : faces.AllPairs(photographs, folds: folds);

    /// <summary>Those of the file.</summary>
    public static IReadOnlyList<FacePair> Load(ToolRun run, FaceRecognitionCatalog faces, FileInfo file) => run.Get(PicturePattern) is { } pattern
        ? faces.LoadPairs(file.FullName, pattern, EncodingOption.Find(run.Get(Encoding)))
        : faces.LoadPairs(file.FullName, encoding: EncodingOption.Find(run.Get(Encoding)));
}
