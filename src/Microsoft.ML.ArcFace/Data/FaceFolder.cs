using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Lists a tree of photographs, one folder a person, as a view. Nothing is decoded.</summary>
internal static class FaceFolder
{
    public const string RelativePathColumn = nameof(FaceFile.RelativePath);

    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase) { ".jpg", ".jpeg", ".png", ".bmp", ".webp" };

    /// <summary>One photograph.</summary>
    private sealed class FaceFile
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";

        public string RelativePath { get; set; } = "";
    }

    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="InvalidOperationException">It holds no folder with photographs.</exception>
    public static IDataView Load(IHostEnvironment environment, string folder)
    {
        environment.CheckNonEmpty(folder, nameof(folder));
        string root = Path.GetFullPath(folder);
        if (!Directory.Exists(root))
        {
            throw new DirectoryNotFoundException($"The folder '{folder}' does not exist (looked for '{root}'). Give a folder that holds one folder of photographs a person.");
        }

        // Ordinal order: the same rows in the same order on every machine.
        FaceFile[] files =
        [
            .. Directory.EnumerateDirectories(root)
                .Where(person => !IsHidden(person))
                .Order(StringComparer.Ordinal)
                .SelectMany(person => PhotographsOf(root, person)),
        ];
        return files.Length > 0
            ? environment.CreateView(files)
            : throw new InvalidOperationException($"The folder '{folder}' holds no photographs of people: {WhatIsThere(root)} " +
                "Give a folder that holds one folder a person, each with jpg, png, bmp or webp files.");
    }

    private static IDataView CreateView(this IHostEnvironment environment, FaceFile[] files) =>
        DataViewConstructionUtils.CreateFromEnumerable(environment, files);

    private static IEnumerable<FaceFile> PhotographsOf(string root, string person) =>
        Directory.EnumerateFiles(person, "*", SearchOption.AllDirectories)
            .Where(file => Extensions.Contains(Path.GetExtension(file)) && !IsHidden(file))
            .Order(StringComparer.Ordinal)
            .Select(file => new FaceFile
            {
                ImagePath = file,
                Label = Path.GetFileName(person),
                RelativePath = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/'),
            });

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');

    private static string WhatIsThere(string root)
    {
        int folders = Directory.EnumerateDirectories(root).Count();
        int photographs = Directory.EnumerateFiles(root).Count(file => Extensions.Contains(Path.GetExtension(file)));
        return photographs > 0 && folders == 0
            ? $"{photographs} photographs lie in it directly, without a folder a person."
            : $"it has {folders} folders, none with a jpg, png, bmp or webp file.";
    }
}
