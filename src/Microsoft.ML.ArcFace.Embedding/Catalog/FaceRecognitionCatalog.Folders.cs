using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Finds photographs without names of people.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>Finds the photographs below a folder, at any depth and whoever is on them, by the rule of <see cref="LoadFromFolder(string)"/>. None of them is decoded.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="unreadableImages">Whether folders and photographs that cannot be opened, by their name or their rights, are an error that names them, or are left out.</param>
    /// <param name="leftOut">What was passed over, counted by reason and ending; a warning in ML.NET's log says the same.</param>
    /// <returns>Their full paths, in ordinal order.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FaceDataFormatException">Something cannot be opened.</exception>
    public IReadOnlyList<string> FindPhotographs(string folder, UnreadableImages unreadableImages, out IReadOnlyList<LeftOutFiles> leftOut)
    {
        _environment.CheckNonEmpty(folder, nameof(folder));
        return FaceFolder.Find(_environment, _observer, folder, unreadableImages, out leftOut);
    }
}
