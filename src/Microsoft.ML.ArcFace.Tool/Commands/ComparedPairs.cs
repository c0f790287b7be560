using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>Which pairs of photographs a command compares.</summary>
internal static class ComparedPairs
{
    public static Option<FileInfo> File { get; } = FileOptions.Pairs();

    public static Option<string?> PicturePattern { get; } = new("--picture-pattern")
    {
        Description = "How --pairs names pictures below --data: {0} is the person, {1} the number. LFW's own: \"{0}/{0}_{1:0000}.jpg\".", HelpName = "PATTERN",
    };

    /// <summary>Those of the file, or all pairs of the photographs.</summary>
    public static IReadOnlyList<FacePair> Read(ToolRun run, FaceRecognitionCatalog faces, IDataView photographs) => (run.Get(File), run.Get(PicturePattern)) switch
    {
        (null, _) => faces.AllPairs(photographs),
        ({ } file, null) => faces.LoadPairs(file.FullName),
        ({ } file, { } pattern) => faces.LoadPairs(file.FullName, pattern),
    };
}
