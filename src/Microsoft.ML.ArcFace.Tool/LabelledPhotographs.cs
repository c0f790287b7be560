using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The photographs of a folder and who is on them.</summary>
internal static class LabelledPhotographs
{
    /// <summary>Path to person.</summary>
<<<<<<< HEAD
    public static Dictionary<string, string> Of(ToolRun run, DirectoryInfo folder)
    {
        IDataView photographs = run.FaceRecognition(run.CreateContext()).LoadFromFolder(folder.FullName);
=======
    public static Dictionary<string, string> Of(ToolRun run, DirectoryInfo folder, bool skipUnusable)
    {
        IDataView photographs = run.LoadFromFolder(run.CreateContext().FaceRecognition(), folder, skipUnusable);
>>>>>>> main
        return photographs.GetColumn<string>("ImagePath").Zip(photographs.GetColumn<string>("Label")).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }
}
