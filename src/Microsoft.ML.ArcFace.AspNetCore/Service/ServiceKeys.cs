using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>What a key allows.</summary>
[Flags]
internal enum ServiceRights
{
    None = 0,

    /// <summary>Embed, verify, identify.</summary>
    Identify = 1,

    /// <summary>Add photographs of people.</summary>
    Enroll = 2,

    /// <summary>Everything, such as to list, rename and erase people.</summary>
    Administer = 4,
}

/// <summary>Keeps a key without its secret.</summary>
/// <param name="Id">Begins the key, so that it is found again.</param>
/// <param name="Name">Whose it is.</param>
/// <param name="Rights">What it allows, by name.</param>
/// <param name="Hash">SHA-256 of the whole key, in hexadecimal digits; its 256 random bits need no slower hash.</param>
/// <param name="MadeAt">When it was made.</param>
/// <param name="RevokedAt">Since when it opens nothing; null: it does.</param>
internal sealed record ServiceKey(string Id, string Name, IReadOnlyList<string> Rights, string Hash, DateTimeOffset MadeAt, DateTimeOffset? RevokedAt)
{
    /// <summary>Gives the rights together.</summary>
    [JsonIgnore]
    public ServiceRights Allowed => Rights.Aggregate(ServiceRights.None, (all, right) => all | Enum.Parse<ServiceRights>(right, ignoreCase: true));
}

/// <summary>Holds the keys of a file.</summary>
internal sealed record ServiceKeyFile(IReadOnlyList<ServiceKey> Keys)
{
    private const int MostBytes = 16 << 20, SecretBytes = 32, IdBytes = 6;
    private const string Prefix = "arcface_";

    /// <summary>Names the rights, as they are written.</summary>
    public static readonly string[] RightNames = ["identify", "enroll", "administer"];

    /// <summary>Reads the keys of a file.</summary>
    /// <exception cref="InvalidDataException">It is no file of keys.</exception>
    public static ServiceKeyFile Read(string path)
    {
        try
        {
            ServiceKeyFile file = JsonSerializer.Deserialize(RegularFile.ReadAllBytes(path, MostBytes), ServiceKeyJson.Default.ServiceKeyFile) ?? throw new JsonException("it is empty");
            foreach (ServiceKey key in file.Keys ?? throw new JsonException("it has no keys"))
            {
                if (key is not { Id.Length: > 0, Name: not null, Hash.Length: 2 * SHA256.HashSizeInBytes, Rights.Count: > 0 } || key.Rights.Any(right => !RightNames.Contains(right)))
                {
                    throw new JsonException($"the key '{key?.Id}' has no id, name, rights or hash");
                }
            }

            return file;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"'{ShownName.Of(path)}' is no file of keys: {error.Message}. Give one that arcface keys wrote.", error);
        }
    }

    /// <summary>Makes a key.</summary>
    /// <returns>The file with it, and the key itself, which nobody can have again.</returns>
    public (ServiceKeyFile File, ServiceKey Key, string Secret) Make(string name, IEnumerable<string> rights, DateTimeOffset now)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        string secret = $"{Prefix}{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}";
        var key = new ServiceKey(id, name, [.. RightNames.Intersect(rights)], Convert.ToHexStringLower(HashOf(secret)), now, RevokedAt: null);
        return (new ServiceKeyFile([.. Keys, key]), key, secret);
    }

    /// <summary>Revokes a key.</summary>
    /// <returns>The file with it; null: it has no such key in force.</returns>
    public ServiceKeyFile? Revoke(string id, DateTimeOffset now) => Keys.Any(key => key.Id == id && key.RevokedAt is null)
        ? new ServiceKeyFile([.. Keys.Select(key => key.Id == id && key.RevokedAt is null ? key with { RevokedAt = now } : key)])
        : null;

    /// <summary>Writes the file, which appears when it is whole.</summary>
    public void Write(string path)
    {
        using var file = new WholeFile(path);
        JsonSerializer.Serialize(file.Stream, this, ServiceKeyJson.Default.ServiceKeyFile);
        file.Complete();
    }

    /// <summary>Finds the key that a client sent; null: it is none, or revoked.</summary>
    public ServiceKey? Find(string secret)
    {
        string[] parts = secret.Split('_', 3);
        if (parts.Length < 3 || Keys.FirstOrDefault(key => key.Id == parts[1]) is not { } found)
        {
            return null;
        }

        return CryptographicOperations.FixedTimeEquals(HashOf(secret), Convert.FromHexString(found.Hash)) && found.RevokedAt is null ? found : null;
    }

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

/// <summary>Writes the file of keys.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(ServiceKeyFile))]
internal sealed partial class ServiceKeyJson : JsonSerializerContext;
