using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The photographs of a folder and who is on them.</summary>
internal static class LabelledPhotographs
{
    /// <summary>Path to person.</summary>
    public static Dictionary<string, string> Of(ToolRun run, DirectoryInfo folder, bool skipUnusable)
    {
        IDataView photographs = run.LoadFromFolder(run.FaceRecognition(run.CreateContext()), folder, skipUnusable);
        return photographs.GetColumn<string>("ImagePath").Zip(photographs.GetColumn<string>("Label")).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }
}
