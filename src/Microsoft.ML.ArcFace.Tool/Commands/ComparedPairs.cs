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
    /// <exception cref="InvalidOperationException">There are too few photographs or people to pair.</exception>
    public static IReadOnlyList<FacePair> Read(ToolRun run, FaceRecognitionCatalog faces, IDataView photographs, Option<DirectoryInfo> data) => (run.Get(File), run.Get(PicturePattern)) switch
    {
        (null, _) => AllOf(run.Need(data), faces, photographs, folds: 10),
        ({ } file, null) => faces.LoadPairs(file.FullName),
        ({ } file, { } pattern) => faces.LoadPairs(file.FullName, pattern),
    };

    /// <summary>All pairs of the photographs of a folder, or a sample of them.</summary>
    /// <exception cref="InvalidOperationException">There are too few photographs or people to pair.</exception>
    public static IReadOnlyList<FacePair> AllOf(DirectoryInfo folder, FaceRecognitionCatalog faces, IDataView photographs, int folds)
    {
        try
        {
            return faces.AllPairs(photographs, folds: folds);
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException($"--data '{folder}' cannot be paired: {ToolWords.Of(error)}", error);
        }
    }
}
