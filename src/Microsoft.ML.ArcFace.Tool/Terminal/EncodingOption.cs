using System.CommandLine;
using System.Text;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Reads the encoding of text files that others wrote from the command line.</summary>
internal static class EncodingOption
{
    /// <summary>Makes --encoding; its value is one that .NET has.</summary>
    public static Option<string?> Create(string files)
    {
        var option = new Option<string?>("--encoding")
        {
            Description = $"What {files} is written in, such as latin1, windows-1252 or gb18030, unless it begins with the mark of UTF-8 or UTF-16. Default: UTF-8.", HelpName = "NAME",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } name && Find(name) is null)
            {
                result.AddError($"--encoding is '{name}', which is no encoding that is known here; give one such as utf-8, utf-16, latin1, windows-1252, gb18030, shift_jis or euc-kr.");
            }
        });
        return option;
    }

    /// <summary>Gives the encoding of a name; null: there is none.</summary>
    public static Encoding? Find(string? name)
    {
        try
        {
            // UTF-7 can write one name in many ways; .NET refuses it.
            return name is null ? null : CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
