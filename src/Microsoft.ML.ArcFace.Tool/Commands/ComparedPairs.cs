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
    /// <exception cref="InvalidOperationException">There are too few photographs or people to pair.</exception>
    public static IReadOnlyList<FacePair> Read(ToolRun run, LoadedModel model, UsablePhotographs photographs, Option<DirectoryInfo> data, int folds = 10) =>
        Read(run, model.Context, model.Faces, photographs, data, folds);

    /// <inheritdoc cref="Read(ToolRun, LoadedModel, UsablePhotographs, Option{DirectoryInfo}, int)"/>
    public static IReadOnlyList<FacePair> Read(ToolRun run, MLContext ml, FaceRecognitionCatalog faces, UsablePhotographs photographs, Option<DirectoryInfo> data, int folds) =>
        run.Get(File) is { } file ? photographs.WithoutUnusable(run, ml, Load(run, faces, file)) : AllOf($"{data.Name} '{run.Need(data)}'", faces, photographs.Rows, folds);

    /// <summary>Loads the pairs of a file.</summary>
    public static IReadOnlyList<FacePair> Load(ToolRun run, FaceRecognitionCatalog faces, FileInfo file) => run.Get(PicturePattern) is { } pattern
        ? faces.LoadPairs(file.FullName, pattern, EncodingOption.Find(run.Get(Encoding)))
        : faces.LoadPairs(file.FullName, encoding: EncodingOption.Find(run.Get(Encoding)));

    /// <summary>Gives all pairs of the photographs of a folder, or a sample of them.</summary>
    /// <exception cref="InvalidOperationException">There are too few photographs or people to pair.</exception>
    private static IReadOnlyList<FacePair> AllOf(string folder, FaceRecognitionCatalog faces, IDataView photographs, int folds)
    {
        try
        {
            return faces.AllPairs(photographs, folds: folds);
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException($"{folder} cannot be paired: {ToolWords.Of(error)}", error);
        }
    }
}
