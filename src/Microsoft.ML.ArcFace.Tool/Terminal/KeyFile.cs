using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Reads the file of a gallery's key.</summary>
internal static class KeyFile
{
    private const int KeyLength = 32;

    /// <summary>Reads the key; null where no file is given.</summary>
    /// <exception cref="InvalidDataException">The file has another length than a key.</exception>
    public static byte[]? Read(FileInfo? file) => file is null ? null
        : RegularFile.SpecialAt(file.FullName) is { } special ? throw new SpecialFileException(file.FullName, special)
        : file.Length == KeyLength ? RegularFile.ReadAllBytes(file.FullName, KeyLength)
        : throw new InvalidDataException($"The key file '{file}' has {file.Length} bytes; a key has {KeyLength}, which are read as they are (head -c {KeyLength} /dev/urandom > gallery.key makes one). A gallery opens with the key that it was made with.");
}
