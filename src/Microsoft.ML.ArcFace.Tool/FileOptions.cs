using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Options that name files and folders, checked before anything is done.</summary>
internal static class FileOptions
{
    public static Option<FileInfo> Model() => Existing(new Option<FileInfo>("--model") { Description = "A model's .zip, of arcface train or ml.Model.Save.", HelpName = "FILE", Required = true });

    public static Option<DirectoryInfo> People(string description, bool isRequired = true) =>
        Existing(new Option<DirectoryInfo>("--data") { Description = $"{description}: photographs in one folder a person.", HelpName = "DIR", Required = isRequired });

    public static Option<FileInfo> Pairs() => Existing(new Option<FileInfo>("--pairs") { Description = "Pairs in the format of LFW's pairs.txt. Default: all pairs of --data, or a sample of them.", HelpName = "FILE" });

    public static Option<FileInfo> Gallery() => new("--gallery") { Description = "The gallery, a SQLite file.", HelpName = "FILE", Required = true };

    public static Option<FileInfo> KeyFile() => Existing(new Option<FileInfo>("--key-file") { Description = "A file of 32 random bytes that the gallery is encrypted with (head -c 32 /dev/urandom makes one).", HelpName = "FILE" });

    public static Argument<FileSystemInfo[]> Photographs(string description)
    {
        var photographs = new Argument<FileSystemInfo[]>("photographs") { Description = description, Arity = ArgumentArity.OneOrMore };
        photographs.Validators.Add(result =>
        {
            foreach (FileSystemInfo missing in (result.GetValue(photographs) ?? []).Where(photograph => !photograph.Exists))
            {
                result.AddError($"'{missing}' does not exist; give photographs (jpg, png, bmp, webp), or folders of them.");
            }
        });
        return photographs;
    }

    /// <summary>The photographs, and those below the folders among them, by name; each once. What is passed over is told and kept in the run.</summary>
    /// <exception cref="FaceDataFormatException">Something cannot be opened, and may not be left out.</exception>
    public static string[] Files(ToolRun run, IEnumerable<FileSystemInfo> photographs, bool skipUnusable) =>
        [.. photographs.SelectMany(photograph => Directory.Exists(photograph.FullName) ? Below(run, photograph, skipUnusable) : [photograph.FullName]).Distinct(StringComparer.Ordinal)];

    private static IReadOnlyList<string> Below(ToolRun run, FileSystemInfo folder, bool skipUnusable)
    {
        IReadOnlyList<string> photographs = run.FaceRecognition(run.CreateContext()).FindPhotographs(
            folder.FullName, skipUnusable ? UnreadableImages.Skip : UnreadableImages.Error, out IReadOnlyList<LeftOutFiles> leftOut);
        run.LeftOut.AddRange(leftOut);
        return photographs;
    }

    /// <summary>Refuses what is not there.</summary>
    public static Option<T> Existing<T>(Option<T> option)
        where T : FileSystemInfo?
    {
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { Exists: false } missing)
            {
                result.AddError($"{option.Name} is '{missing}', which {Absence(missing)}.");
            }
        });
        return option;
    }

    /// <summary>Refuses what is not there.</summary>
    public static Argument<T> Existing<T>(Argument<T> argument)
        where T : FileSystemInfo
    {
        argument.Validators.Add(result =>
        {
            if (result.GetValue(argument) is { Exists: false } missing)
            {
                result.AddError($"'{missing}' {Absence(missing)}.");
            }
        });
        return argument;
    }

    /// <summary>Says why a file or folder is not there as such.</summary>
    private static string Absence(FileSystemInfo missing) => missing switch
    {
        FileInfo when Directory.Exists(missing.FullName) => "is a folder, where a file is due",
        DirectoryInfo when File.Exists(missing.FullName) => "is a file, where a folder is due",
        _ => "does not exist",
    };
}
