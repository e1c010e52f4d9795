//! One key: signs, checks, encrypts and decrypts.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use bytes::Bytes;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{BLOCK, IV, TAG, VERSION};

/// Both halves in the form they are used in; each wipes itself on drop.
#[derive(Clone)]
pub(super) struct Key {
    mac: Hmac<Sha256>,
    cipher: Aes128,
}

impl Key {
    /// As `channels_redis` derives it from any text.
    pub(super) fn derive(secret: &[u8]) -> Self {
        Self::from_bytes(&Zeroizing::new(Sha256::digest(secret).into()))
    }

    /// The first half signs, the second encrypts.
    pub(super) fn from_bytes(key: &[u8; 32]) -> Self {
        let (signing, encryption) = key.split_at(16);
        Self {
            mac: Hmac::new_from_slice(signing).expect("an HMAC takes keys of any length"),
            cipher: Aes128::new_from_slice(encryption).expect("the key has 16 bytes"),
        }
    }

    /// The token, not yet in base64.
    pub(super) fn seal(&self, data: &[u8], now: u64, iv: [u8; BLOCK]) -> Vec<u8> {
        let cipher = cbc::Encryptor::inner_iv_init(self.cipher.clone(), &iv.into());
        let padded = data.len() / BLOCK * BLOCK + BLOCK;
        let mut token = Vec::with_capacity(IV.end + padded + TAG);
        token.push(VERSION);
        token.extend_from_slice(&now.to_be_bytes());
        token.extend_from_slice(&iv);
        token.extend_from_slice(data);
        token.resize(IV.end + padded, 0);
        cipher
            .encrypt_padded::<Pkcs7>(&mut token[IV.end..], data.len())
            .expect("there is room for the padding");
        let tag = self.mac.clone().chain_update(&token).finalize();
        token.extend_from_slice(&tag.into_bytes());
        token
    }

    /// Whether this key made the tag; takes as long for a wrong one as for a right one.
    pub(super) fn signed(&self, signed: &[u8], tag: &[u8]) -> bool {
        self.mac.clone().chain_update(signed).verify_slice(tag).is_ok()
    }

    /// The data of a token without its tag, which was checked before; `None` if the blocks or the padding are wrong.
    pub(super) fn open(&self, signed: &[u8]) -> Option<Bytes> {
        let iv: [u8; BLOCK] = signed[IV].try_into().expect("the token is long enough");
        let cipher = cbc::Decryptor::inner_iv_init(self.cipher.clone(), &iv.into());
        let data = cipher.decrypt_padded_vec::<Pkcs7>(&signed[IV.end..]);
        data.ok().map(Bytes::from)
    }
}
